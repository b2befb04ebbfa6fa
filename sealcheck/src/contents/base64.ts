// gzip, zstd, zip, xz. zlib's are so short that they count only at the beginning of a run.
const HEADS =
  /;base64,|H4sI|KLUv\/|UEsDB|\/Td6WFoA|(?<![A-Za-z0-9+/_-])(?:eA[E-H]|eF[4-7]|eJ[w-z]|eN[o-r])(?=[A-Za-z0-9+/_-]{13})/g;
const LETTERS = /[^A-Za-z0-9+/_-]/g;
const LINE_BREAK = /(?:(?:\\r)?\\n|\r?\n)[ \t]{0,32}(?=[A-Za-z0-9+/_-])/y;
const SHORTEST = 16;

// Continues across line breaks, literal as in MIME, PEM and YAML or escaped in a string. A single long expression would
// overflow the stack.
function endOfRun(text: string, from: number): number {
  for (let at = from; ; ) {
    LETTERS.lastIndex = at;
    const end = LETTERS.exec(text)?.index ?? text.length;
    LINE_BREAK.lastIndex = end;
    if (!LINE_BREAK.test(text)) return end;
    at = LINE_BREAK.lastIndex;
  }
}

/** The base64 in a text that is worth opening: archives, and the contents of data URIs. */
export function* base64Archives(bytes: Buffer | undefined): Generator<Buffer, void, undefined> {
  if (!bytes) return;
  const text = bytes.toString('latin1');
  let end = 0;
  for (const match of text.matchAll(HEADS)) {
    const from = match[0] === ';base64,' ? match.index + match[0].length : match.index;
    if (from < end) continue;
    end = endOfRun(text, from);
    if (end - from < SHORTEST) continue;
    yield Buffer.from(text.slice(from, end).replace(/\\[rn]/g, ''), 'base64');
  }
}
