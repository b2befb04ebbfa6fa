/** The text of a secret file, in any Unicode encoding, without a BOM; undefined if it is binary. */
export function textOf(bytes: Buffer): string | undefined {
  const encoding = utf16Of(bytes);
  if (encoding === undefined) {
    const text = bytes.toString().replace(/^\ufeff/, '');
    return !text.includes('\0') && Buffer.from(bytes.toString()).equals(bytes) ? text : undefined;
  }
  return new TextDecoder(encoding).decode(bytes).replace(/^\ufeff/, '');
}

function utf16Of(bytes: Buffer): 'utf-16le' | 'utf-16be' | undefined {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return 'utf-16le';
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return 'utf-16be';
  if (bytes.length < 8 || bytes.length % 2 === 1) return undefined;
  const [even, odd] = [0, 1].map((first) => bytes.every((byte, at) => at % 2 !== first || byte === 0));
  if (odd) return 'utf-16le';
  return even ? 'utf-16be' : undefined;
}
