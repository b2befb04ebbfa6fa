import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { skipSuite } from './capability.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** The path of a Chromium, or an empty string if there is none. */
    chromium: string;
  }
}

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable', 'microsoft-edge'];
const PLACES = [
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
  'C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe',
  'C:\\Program Files (x86)\\Microsoft\\Edge\\Application\\msedge.exe',
];

/** Looks for any installed Chromium; `CHROMIUM` names one elsewhere. */
export default function setup(project: TestProject): void {
  const onPath = (process.env.PATH ?? '')
    .split(delimiter)
    .flatMap((folder) => NAMES.map((name) => join(folder, name)));
  const found =
    [process.env.CHROMIUM ?? '', ...onPath, ...PLACES].find((path) => path !== '' && existsSync(path)) ?? '';
  if (!found)
    skipSuite(
      'browser',
      'There is no Chromium. Install chromium or Google Chrome, or name one with CHROMIUM.',
    );
  project.provide('chromium', found);
}
