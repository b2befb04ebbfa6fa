import type { Nodes } from 'mdast';
import remarkParse from 'remark-parse';
import { unified } from 'unified';
import type { OMISSIONS } from './post-file.ts';

/** What the text of a post refers to, and what of it the blog can't show. Lines start at 1. */
export type Scanned = {
  images: { address: string; line: number }[];
  omissions: { kind: keyof typeof OMISSIONS; line: number }[];
};

/** CommonMark: GitHub's extensions hide neither images nor HTML, and take as long again. */
const parser = unified().use(remarkParse);

/** Without any of these in a text there is nothing to find. */
const WORTH_PARSING = /!\[|<|\{\{|\{%|^(?:import|export)\s/m;

/** A block that others depend on: fenced code, a definition, or what may contain indented blocks. */
const STRUCTURE = /```|~~~|\]:|^[\s>*+\-\d]/;

/** Hugo's and Jekyll's, but not the one that only closes another. */
const SHORTCODE = /\{\{(?![<%]?\s*\/)|(?<!\{)\{%(?!-?\s*end)/g;

/** Not an HTML element in capitals. */
const COMPONENT = /<[A-Z][A-Z0-9]*[a-z.][\w.]*/g;

const VIDEO = /<(?:video|audio|iframe|embed|object)\b/gi;

const INLINE_SVG = /<svg\b/gi;

const IMAGE_ELEMENT = /<img\b[^>]*?\ssrc\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))/gi;

/** Finds the images of a Markdown text, and what the blog leaves as it is; code counts as neither. */
export function scanText(text: string, { mdx }: { mdx: boolean }): Scanned {
  const found: Scanned = { images: [], omissions: [] };
  if (!WORTH_PARSING.test(text)) return found;
  const definitions = new Map<string, string>();
  const references: { identifier: string; line: number }[] = [];
  const visit = (node: Nodes): void => {
    const line = node.position?.start.line ?? 1;
    const omit = (kind: keyof typeof OMISSIONS, pattern: RegExp, value: string) => {
      for (const match of value.matchAll(pattern))
        found.omissions.push({ kind, line: line + value.slice(0, match.index).split('\n').length - 1 });
    };
    if (node.type === 'image') found.images.push({ address: node.url, line });
    if (node.type === 'imageReference') references.push({ identifier: node.identifier, line });
    if (node.type === 'definition') definitions.set(node.identifier, node.url);
    if (node.type === 'html') {
      for (const [, double, single, bare] of node.value.matchAll(IMAGE_ELEMENT))
        found.images.push({ address: double ?? single ?? bare ?? '', line });
      omit('video', VIDEO, node.value);
      omit('svg', INLINE_SVG, node.value);
      omit('component', COMPONENT, node.value);
    }
    if (node.type === 'html' || node.type === 'text') omit('shortcode', SHORTCODE, node.value);
    if (mdx && node.type === 'text' && node.position?.start.column === 1)
      omit('component', /^(?:import|export)\s/gm, node.value);
    if ('children' in node) for (const child of node.children) visit(child);
  };
  visit(parser.parse(withoutPlainBlocks(text)));
  for (const { identifier, line } of references) {
    const address = definitions.get(identifier);
    if (address !== undefined) found.images.push({ address, line });
  }
  return found;
}

/** Empties the blocks in which there is nothing to find: parsing them would take most of the time of an import. */
function withoutPlainBlocks(text: string): string {
  return text
    .split(/(\n(?:[ \t]*\n)+)/)
    .map((block) =>
      WORTH_PARSING.test(block) || STRUCTURE.test(block) ? block : `x${block.replace(/[^\n]+/g, '')}`,
    )
    .join('');
}
