import { anyGap, type EscapeFamily, formsOf, gaps, isUnreserved } from './escapes.ts';

/** One character of an encoded text, with its bytes. */
export interface Element {
  text: string;
  bytes: Buffer;
}

/** A match in bytes read as Latin-1: where it starts and ends, and in what dress the characters came. */
export interface Walked {
  start: number;
  end: number;
  families: Set<EscapeFamily>;
  splits: Set<string>;
}

interface SharedForm {
  family: EscapeFamily | 'plain';
  expression: RegExp;
}

// Shared by all patterns: an expression for each form of each character, instead of a large one for each pattern.
const formsByCharacter = new Map<string, SharedForm[]>();
const gapExpressions = gaps.map(({ name, source }) => ({ name, expression: new RegExp(source, 'y') }));
const gapAhead = new RegExp(anyGap, 'y');
const mostSteps = 20_000;

function sharedForms(element: Element): SharedForm[] {
  // A byte that is no UTF-8 shares its text with a character.
  const key = `${element.text}${element.bytes.toString('latin1')}`;
  const known = formsByCharacter.get(key);
  if (known) return known;
  const forms = formsOf(element.text, element.bytes).map(({ family, source }) => ({
    family,
    expression: new RegExp(source, 'y'),
  }));
  formsByCharacter.set(key, forms);
  return forms;
}

function endOf(expression: RegExp, text: string, at: number): number {
  expression.lastIndex = at;
  return expression.test(text) ? expression.lastIndex : -1;
}

/** Walks a text element by element, each in any of its forms, with at most one gap between two. */
class Walk {
  readonly #elements: readonly Element[];
  readonly #escapesLetters: boolean;
  readonly #text: string;
  readonly #path: { family: EscapeFamily | 'plain'; split: string | undefined }[] = [];
  #steps = 0;

  constructor(elements: readonly Element[], escapesLetters: boolean, text: string) {
    this.#elements = elements;
    this.#escapesLetters = escapesLetters;
    this.#text = text;
  }

  from(start: number): Walked | undefined {
    this.#path.length = 0;
    const end = this.#step(0, start);
    if (end < 0) return undefined;
    const families = new Set(this.#path.flatMap(({ family }) => (family === 'plain' ? [] : [family])));
    const splits = new Set(this.#path.flatMap(({ split }) => (split === undefined ? [] : [split])));
    return { start, end, families, splits };
  }

  #step(index: number, at: number): number {
    const element = this.#elements[index];
    if (!element) return at;
    this.#steps += 1;
    if (this.#steps > mostSteps) return -1;
    const direct = this.#element(element, index, at, undefined);
    if (direct >= 0 || index === 0) return direct;
    if (endOf(gapAhead, this.#text, at) < 0) return -1;
    for (const { name, expression } of gapExpressions) {
      const after = endOf(expression, this.#text, at);
      if (after < 0) continue;
      const end = this.#element(element, index, after, name);
      if (end >= 0) return end;
    }
    return -1;
  }

  #element(element: Element, index: number, at: number, split: string | undefined): number {
    if (!this.#escapesLetters && isUnreserved(element.text)) {
      return this.#text.startsWith(element.text, at) ? this.#onward('plain', split, index, at + 1) : -1;
    }
    for (const { family, expression } of sharedForms(element)) {
      const after = endOf(expression, this.#text, at);
      if (after < 0) continue;
      const end = this.#onward(family, split, index, after);
      if (end >= 0) return end;
    }
    return -1;
  }

  #onward(family: EscapeFamily | 'plain', split: string | undefined, index: number, at: number): number {
    this.#path.push({ family, split });
    const end = this.#step(index + 1, at);
    if (end < 0) this.#path.pop();
    return end;
  }
}

/**
 * Finds the whole of an encoded text around an anchor, which lies in `text[anchorStart, anchorEnd)`. The nearest
 * possible beginning is tried first.
 */
export function walkAround(
  elements: readonly Element[],
  escapesLetters: boolean,
  text: string,
  anchorStart: number,
  anchorEnd: number,
): Walked | undefined {
  const walk = new Walk(elements, escapesLetters, text);
  for (let start = anchorStart; start >= 0; start -= 1) {
    const walked = walk.from(start);
    if (walked && walked.end >= anchorEnd) return walked;
  }
  return undefined;
}
