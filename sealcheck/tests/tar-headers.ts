/**
 * A header block of a tar, with any size and type, whether or not they are correct (POSIX.1-2024, pax, ustar format).
 */
export function headerOf(name: string, size: number, type = '0', change?: (block: Buffer) => void): Buffer {
  const block = Buffer.alloc(512);
  block.write(name, 0, 100, 'latin1');
  for (const [at, mode] of [
    [100, '0000644'],
    [108, '0000000'],
    [116, '0000000'],
    [136, '00000000000'],
  ] as const)
    block.write(mode, at, 'latin1');
  block.write(`${size.toString(8).padStart(11, '0')}\0`, 124, 'latin1');
  block.write(type, 156, 'latin1');
  block.write(`ustar${'\0'}00`, 257, 'latin1');
  change?.(block);
  block.fill(0x20, 148, 156);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return block;
}

/** An entry: its header and its content, padded to whole blocks with the given bytes. */
export function entryOf(name: string, content: Buffer, type = '0', padding = '\0'): Buffer {
  const missing = (512 - (content.length % 512)) % 512;
  return Buffer.concat([headerOf(name, content.length, type), content, Buffer.alloc(missing, padding)]);
}
