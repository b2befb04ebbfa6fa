/** Signs in the raw bytes of a match of how it was encoded, in the order in which they are named. */
const SIGNS: readonly [string, RegExp][] = [
  ['url-encoded twice', /%25[0-9a-f]{2}/i],
  ['url-encoded', /%(?!25)[0-9a-f]{2}/i],
  ['js-escaped', /\\[uUx][0-9a-f{]|\\[0-7]{2,3}/i],
  ['json-escaped', /\\[^uUx0-9]/],
  ['html-escaped', /&(?:#x?[0-9a-f]+|\w{2,8});/i],
  ['quoted-printable', /=[0-9A-F]{2}|=\r?\n/],
  ['doubling-escaped', /(["'$%`{}])\1/],
  ['split at an RSC chunk border', /self\.__next_f\.push/],
  ['split by a concatenation', /["'`](?:\s*(?:\)?\.concat\(|[+.,]|\}\$\{)\s*|\s+)["'`]/],
  ['split by markup', /<\/?(?:span|mark|wbr|em|strong|code|!--)/],
  ['split by a line wrap', /[\r\n]|\\[nr]/],
];

function wideNameOf(raw: Buffer): string | undefined {
  const zeros = raw.filter((byte) => byte === 0).length;
  if (zeros < raw.length / 3) return undefined;
  return raw[0] === 0 ? 'utf-16be' : 'utf-16le';
}

/**
 * Names the encodings of a value by the raw bytes in which it was found: `plain`, or the encodings, outermost first.
 */
export function encodingOf(
  raw: Buffer,
  value: Buffer,
  form: string | undefined,
  outer: readonly string[],
): string {
  const names = [...outer];
  const wide = wideNameOf(raw);
  if (wide) names.push(wide);
  if (form !== undefined) names.push(form);
  const text = raw.toString('latin1').replaceAll('\0', '');
  const plain = value.toString('latin1');
  // What the value itself contains is not a sign, unless there is more of it.
  for (const [name, sign] of SIGNS)
    if (text !== plain && sign.test(text) && !sign.test(plain)) names.push(name);
  return [...new Set(names)].join(', ') || 'plain';
}
