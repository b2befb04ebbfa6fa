import { parse as parseToml, TomlError } from 'smol-toml';
import { isMap, isScalar, LineCounter, parseDocument } from 'yaml';

/** Maximum characters of front matter: what is longer is no description of a post. */
const LIMIT = 256 * 1024;

/** Maximum aliases of a YAML document: a few lines with nested ones can stand for gigabytes. */
const MAX_ALIASES = 100;

/** One entry of front matter. */
export type Field = {
  /** As the author spelled it. */
  key: string;
  /** JSON. */
  value: unknown;
  /** A number or boolean as the author wrote it, such as `007`. */
  source: string | undefined;
  /** Its line in the file; the first is 1. */
  line: number;
};

/** A file that starts with front matter. */
export type Parsed = {
  fields: Field[];
  content: string;
  /** The line at which the content starts. */
  contentLine: number;
};

/** Thrown if front matter can't be read. The message is a sentence. */
export class FrontMatterError extends Error {
  override name = 'FrontMatterError';
  readonly line: number;

  constructor(message: string, line: number) {
    super(message);
    this.line = line;
  }
}

/**
 * Splits a file into its front matter, which is YAML between two `---` lines or TOML between two `+++` lines, and the
 * Markdown after it.
 *
 * @param text with `\n` as line ending
 * @returns `undefined` if the file has no front matter
 * @throws FrontMatterError if it is not closed, or invalid
 */
export function parseFrontMatter(text: string): Parsed | undefined {
  const [, fence] = /^(---|\+\+\+)[ \t]*\n/.exec(text) ?? [];
  if (!fence) return undefined;
  const start = text.indexOf('\n') + 1;
  const closing = fence === '---' ? /^---[ \t]*$/m : /^\+\+\+[ \t]*$/m;
  const end = closing.exec(text.slice(start));
  if (!end)
    throw new FrontMatterError(`The front matter is not closed. End it with a line that is ${fence}.`, 1);
  const source = text.slice(start, start + end.index);
  if (source.length > LIMIT) throw new FrontMatterError('The front matter is longer than 256 kB.', 1);
  const before = text.slice(0, start + end.index + end[0].length);
  return {
    fields: fence === '---' ? yamlFields(source) : tomlFields(source),
    content: text.slice(before.length).replace(/^\n/, ''),
    contentLine: lineCount(before) + 1,
  };
}

function yamlFields(source: string): Field[] {
  const lines = new LineCounter();
  // The fence is line 1. What is not closed is found only after the last line.
  const last = source.trimEnd().length;
  const lineAt = (offset = 0) => lines.linePos(Math.min(offset, last)).line + 1;
  try {
    const document = parseDocument(source, { lineCounter: lines, prettyErrors: false });
    const [error] = document.errors;
    if (error)
      throw new FrontMatterError(`The YAML is invalid: ${sentence(error.message)}`, lineAt(error.pos[0]));
    const { contents } = document;
    if (contents === null) return [];
    if (!isMap(contents)) throw new FrontMatterError('The front matter is not a list of keys.', 2);
    const values = toJson(document.toJS({ maxAliasCount: MAX_ALIASES }));
    return contents.items.flatMap(({ key, value }) => {
      const name = isScalar(key) ? String(key.value) : undefined;
      if (name === undefined || !Object.hasOwn(values, name)) return [];
      const line = lineAt((isScalar(key) && key.range?.[0]) || 0);
      return [{ key: name, value: values[name], source: isScalar(value) ? value.source : undefined, line }];
    });
  } catch (error) {
    if (error instanceof FrontMatterError) throw error;
    // Too many aliases, or nested too deeply.
    const message = error instanceof ReferenceError ? error.message : 'It is nested too deeply.';
    throw new FrontMatterError(`The YAML is invalid: ${sentence(message)}`, 2);
  }
}

function tomlFields(source: string): Field[] {
  try {
    const values = toJson(parseToml(source, { maxDepth: 100 }));
    return Object.entries(values).map(([key, value]) => ({
      key,
      value,
      source: undefined,
      line: lineOfTomlKey(source, key),
    }));
  } catch (error) {
    const line = error instanceof TomlError ? error.line + 1 : 2;
    const message = error instanceof TomlError ? (error.message.split('\n', 1)[0] ?? '') : "It can't be read";
    throw new FrontMatterError(
      `The TOML is invalid: ${sentence(message.replace(/^Invalid TOML document: /, ''))}`,
      line,
    );
  }
}

/** The parser tells no positions. A key at the start of a line is the key itself, or a table's name. */
function lineOfTomlKey(source: string, key: string): number {
  const escaped = RegExp.escape(key);
  const found = new RegExp(`^[ \\t]*(?:\\[{1,2}[ \\t]*)?["']?${escaped}["']?[ \\t]*[=.\\]]`, 'm').exec(
    source,
  );
  return found ? lineCount(source.slice(0, found.index)) + 1 : 2;
}

/** Dates become text, and everything else what JSON makes of it. */
function toJson(value: unknown): Record<string, unknown> {
  return JSON.parse(JSON.stringify(value));
}

function lineCount(text: string): number {
  return text.split('\n').length;
}

function sentence(message: string): string {
  const text = message.trim().replace(/\s+/g, ' ');
  return /[.!?]$/.test(text) ? text : `${text}.`;
}
