import { readFileSync } from 'node:fs';
import type { LayerPicture, MountingStep } from '../report/findings.ts';
import { CouldNotCheck } from '../verdict.ts';

type Stage = {
  name: string;
  /** The stage that it is based on, if that is in this file. */
  parent: Stage | undefined;
  steps: { name: string; secrets: string[] }[];
  copies: { from: string; text: string }[];
};

const squeezed = (text: string): string => text.replace(/\s+/g, ' ').trim();

/** The ids of the secrets that an instruction has mounted. */
export const mountsIn = (instruction: string): string[] =>
  [...instruction.matchAll(/--mount=(\S*type=secret\S*)/g)].flatMap(
    ([, options = '']) => /(?:^|,)id=([\w.-]+)/.exec(options)?.[1] ?? [],
  );

// Lines joined at a backslash, without comments and the bodies of here-documents.
function instructionsOf(text: string): string[] {
  const found: string[] = [];
  let begun = '';
  let until: string[] = [];
  for (const line of text.split(/\r?\n/)) {
    if (until.length > 0) {
      if (line.trim() === until[0]) until = until.slice(1);
    } else if (!/^\s*(#|$)/.test(line)) {
      begun += line.replace(/\\\s*$/, ' ');
      if (/\\\s*$/.test(line)) continue;
      until = [...begun.matchAll(/<<-?["']?([A-Za-z_]\w*)["']?/g)].map(([, word = '']) => word);
      found.push(squeezed(begun));
      begun = '';
    }
  }
  return begun ? [...found, squeezed(begun)] : found;
}

function stagesOf(text: string): Stage[] {
  const stages: Stage[] = [];
  for (const instruction of instructionsOf(text)) {
    const from = /^FROM\s+(?:--\S+\s+)*(\S+)(?:\s+AS\s+(\S+))?/i.exec(instruction);
    const stage = stages.at(-1);
    if (from) {
      const parent = stages.find(({ name }) => name === from[1]?.toLowerCase());
      stages.push({ name: from[2]?.toLowerCase() ?? String(stages.length), parent, steps: [], copies: [] });
    } else if (stage && /^RUN\b/i.test(instruction)) {
      const secrets = mountsIn(instruction);
      if (secrets.length > 0) stage.steps.push({ name: instruction, secrets });
    } else if (stage && /^(COPY|ADD)\b/i.test(instruction)) {
      const source = /--from=(\S+)/.exec(instruction)?.[1];
      if (source) stage.copies.push({ from: source.toLowerCase(), text: withoutOptions(instruction) });
    }
  }
  return stages;
}

// History shows a COPY without its options, and with a marker of its own.
const withoutOptions = (instruction: string): string =>
  squeezed(instruction.replace(/ # buildkit$/, '').replace(/\s--\S+/g, ''));

/**
 * Reads which steps of a Dockerfile had secrets mounted, and which layer of the image holds what their stage made.
 * History shows neither, since it only covers the last stage.
 *
 * @throws CouldNotCheck if the file cannot be read.
 */
export function stepsOfDockerfile(path: string, layers: readonly LayerPicture[]): MountingStep[] {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    throw new CouldNotCheck(
      `${path} could not be read (${(error as NodeJS.ErrnoException).code}); give the Dockerfile of the image`,
    );
  }
  const stages = stagesOf(text);
  const feeds = (stage: Stage): number | undefined => {
    const heirs = new Set([stage]);
    for (const other of stages) if (other.parent && heirs.has(other.parent)) heirs.add(other);
    const texts = stages
      .flatMap(({ copies }) => copies)
      .filter(({ from }) =>
        [...heirs].some((heir) => heir.name === from || String(stages.indexOf(heir)) === from),
      )
      .map((copy) => copy.text);
    return layers.find(({ instruction }) => texts.includes(withoutOptions(instruction)))?.index;
  };
  return stages.flatMap((stage) =>
    stage.steps.map((step) => {
      const layer = feeds(stage);
      return { ...step, stage: stage.name, ...(layer !== undefined && { layer }) };
    }),
  );
}
