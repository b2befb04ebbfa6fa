/** Bytes, and for each byte the offset in the original content at which it (or the escape for it) begins. */
export type Text = { bytes: Uint8Array; at: Float64Array; length: number };

/** An empty text with room for `capacity` bytes. */
export function emptyText(capacity: number): Text {
  return { bytes: new Uint8Array(capacity), at: new Float64Array(capacity), length: 0 };
}
