/**
 * Whether bytes can be the start of deflated data (RFC 1951, 3.2.3 to 3.2.7). It rules out nearly all bytes that only
 * look like a zlib header, at a fraction of a decompressor's cost.
 */
export function looksDeflated(bytes: Buffer, at: number): boolean {
  const first = bytes[at];
  if (first === undefined) return true;
  const type = (first >> 1) & 3;
  if (type === 3) return false;
  // Too close to the end of the buffer to tell.
  if (at + 12 > bytes.length) return true;
  if (type === 0) return (bytes.readUInt16LE(at + 1) ^ bytes.readUInt16LE(at + 3)) === 0xffff;
  if (type === 1) return true;
  return hasWholeCode(bytes, at);
}

// The code lengths of a dynamic block's first code must fill the code space exactly.
function hasWholeCode(bytes: Buffer, at: number): boolean {
  const bit = (index: number): number => ((bytes[at + (index >> 3)] as number) >> (index & 7)) & 1;
  const bits = (from: number, count: number): number => {
    let value = 0;
    for (let index = 0; index < count; index += 1) value |= bit(from + index) << index;
    return value;
  };
  if (bits(3, 5) > 29 || bits(8, 5) > 29) return false;
  let space = 0;
  for (let index = 0; index < bits(13, 4) + 4; index += 1) {
    const length = bits(17 + index * 3, 3);
    if (length > 0) space += 1 << (7 - length);
  }
  return space === 128;
}
