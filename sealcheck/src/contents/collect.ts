import type { FrameworkRule } from '../frameworks/rules.ts';
import type { Hit } from '../search/search.ts';
import type { Listener, Where } from './scan.ts';

/** What was found in one location, before its role in the image is known. */
export type Sighting = {
  where: Where;
  hit?: Hit;
  rule?: FrameworkRule;
  occurrences: number;
};

const MOST_REASONS = 200;
const MOST_SIGHTINGS = 5000;
const NO_PLACE: Where = { source: '', path: '', nested: [] };

const placeOf = (where: Where): string => [where.source, where.path, ...where.nested].join('\0');

/** Collects the results of a scan; equal findings in one location are counted, not repeated. */
export class Collector implements Listener {
  readonly incompleteReasons: { where: Where; reason: string }[] = [];
  readonly #toldIncomplete = new Set<string>();
  readonly notes: { where: Where; reason: string }[] = [];
  /** What was searched as bytes and not opened, with one reason per file. */
  readonly unopenedFiles: { where: Where; reason: string }[] = [];
  bytes = 0;
  readonly #sightings = new Map<string, Sighting>();
  readonly #onProgress: (bytes: number) => void;

  constructor(onProgress: (bytes: number) => void = () => undefined) {
    this.#onProgress = onProgress;
  }

  get sightings(): Sighting[] {
    return [...this.#sightings.values()];
  }

  hits(where: Where, hits: Hit[], dropped: number): void {
    for (const hit of hits) {
      const key = `${placeOf(where)}\0${hit.secret}\0${hit.part}\0${hit.encoding}`;
      const known = this.#sightings.get(key);
      if (known) known.occurrences += 1;
      else if (this.#sightings.size < MOST_SIGHTINGS)
        this.#sightings.set(key, { where, hit, occurrences: 1 });
      else this.note(NO_PLACE, `more than ${MOST_SIGHTINGS} places hold a secret; the rest is not listed`);
    }
    if (dropped > 0) this.note(where, `holds ${dropped} more occurrences than are listed`);
  }

  frameworkKey(where: Where, rule: FrameworkRule): void {
    const key = `${placeOf(where)}\0rule\0${rule.framework}\0${rule.key}`;
    if (!this.#sightings.has(key)) this.#sightings.set(key, { where, rule, occurrences: 1 });
  }

  incomplete(where: Where, reason: string): void {
    const key = `${placeOf(where)}\0${reason}`;
    // One reason is enough for the verdict, so a hostile image can't make the list grow without limit.
    if (this.incompleteReasons.length >= MOST_REASONS || this.#toldIncomplete.has(key)) return;
    this.#toldIncomplete.add(key);
    this.incompleteReasons.push({ where, reason });
  }

  note(where: Where, reason: string): void {
    if (where === NO_PLACE && this.notes.some((known) => known.where === NO_PLACE)) return;
    if (this.notes.length < MOST_REASONS) this.notes.push({ where, reason });
  }

  unopened(where: Where, reason: string): void {
    if (this.unopenedFiles.length < MOST_REASONS) this.unopenedFiles.push({ where, reason });
  }

  progress(bytes: number): void {
    this.bytes += bytes;
    this.#onProgress(this.bytes);
  }
}
