/** Where a framework embeds a key of its own in its build output. Another framework is another entry. */
export type FrameworkRule = {
  framework: string;
  key: string;
  /** The end of the path of the files that hold it. */
  files: readonly string[];
  /** Finds the key; group 1 is its value. Quotes may be escaped, as in a JavaScript file that holds JSON. */
  pattern: RegExp;
  /** What someone who has it can do. */
  worth: string;
  remedy: string;
};

const PREVIEW_FILES = ['server/preview-props.json', 'prerender-manifest.json', 'prerender-manifest.js'];
const PREVIEW_REMEDY =
  'blank the preview keys in the image and write new ones into prerender-manifest.json and preview-props.json when the container starts';

const preview = (key: string, worth: string): FrameworkRule => ({
  framework: 'Next.js',
  key,
  files: PREVIEW_FILES,
  pattern: new RegExp(`\\\\*"${key}\\\\*"\\s*:\\s*\\\\*"([^"\\\\]*)`, 'g'),
  worth,
  remedy: PREVIEW_REMEDY,
});

export const frameworkRules: readonly FrameworkRule[] = [
  preview('previewModeId', 'force a render of any page on every request (x-prerender-revalidate)'),
  preview('previewModeSigningKey', 'sign draft-mode cookies'),
  preview('previewModeEncryptionKey', 'read and forge the data of draft-mode cookies'),
  {
    framework: 'Next.js',
    key: 'encryptionKey',
    files: ['server-reference-manifest.json', 'server-reference-manifest.js'],
    pattern: /\\*"encryptionKey\\*"\s*:\s*\\*"([^"\\]*)/g,
    worth: 'read and forge the bound arguments of Server Actions',
    remedy:
      'blank encryptionKey in every server-reference-manifest and give NEXT_SERVER_ACTIONS_ENCRYPTION_KEY to the container when it starts',
  },
];
