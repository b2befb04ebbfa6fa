import type { Nodes, Root } from 'hast';
import { toJsxRuntime } from 'hast-util-to-jsx-runtime';
import dockerfile from 'highlight.js/lib/languages/dockerfile';
import { common } from 'lowlight';
import type { Root as MarkdownRoot, RootContent } from 'mdast';
import type { ReactElement } from 'react';
import { Fragment, jsx, jsxs } from 'react/jsx-runtime';
import rehypeHighlight from 'rehype-highlight';
import rehypeRaw from 'rehype-raw';
import rehypeSanitize, { defaultSchema } from 'rehype-sanitize';
import remarkGfm from 'remark-gfm';
import remarkParse from 'remark-parse';
import remarkRehype from 'remark-rehype';
import { unified } from 'unified';
import { type PostImages, shownImage } from './images.ts';

/** Maximum length of an excerpt in characters; it is cut at a word. */
const EXCERPT_LENGTH = 280;

/** The prefix of footnote ids. Any other id is dropped, so that no post can shadow an id of the page. */
const FOOTNOTE_IDS = 'user-content-';

/** Characters of the texts whose trees are kept: those of the 8 posts that Next.js prerenders at once, and some more. */
const RECENT_LENGTH = 64_000;

type Trees = { markdown: MarkdownRoot; html: () => Promise<Root> };

const recentTrees = new Map<string, Trees>();

const schema: typeof defaultSchema = {
  ...defaultSchema,
  clobberPrefix: '',
  attributes: {
    ...defaultSchema.attributes,
    '*': (defaultSchema.attributes?.['*'] ?? [])
      .filter((attribute) => attribute !== 'id' && attribute !== 'name')
      .concat([['id', new RegExp(`^${FOOTNOTE_IDS}`)]]),
    h2: [
      ['className', 'sr-only'],
      ['id', 'footnote-label'],
    ],
  },
};

const parser = unified().use(remarkParse).use(remarkGfm);

// Sanitising comes after the last step that handles the author's HTML; highlighting only adds spans.
const renderer = unified()
  .use(remarkRehype, { allowDangerousHtml: true, clobberPrefix: FOOTNOTE_IDS })
  .use(rehypeRaw)
  .use(rehypeSanitize, schema)
  .use(rehypeHighlight, { languages: { ...common, dockerfile } })
  .use(() => (tree: Root) => makeReachable(tree));

/**
 * Renders GitHub-flavoured Markdown with highlighted code and sanitised HTML.
 *
 * @param images the post's stored images, which replace the addresses in its text
 * @returns React elements, so that no HTML string is ever inserted
 */
export async function renderMarkdown(markdown: string, images: PostImages = {}): Promise<ReactElement> {
  // The tree is shared by all renders of the text.
  const tree = structuredClone(await treesOf(markdown).html());
  showImages(tree, images);
  return toJsxRuntime(tree, { Fragment, jsx, jsxs }) as ReactElement;
}

/** The first paragraph of a post as plain text, truncated at a word if it is too long. */
export function excerpt(markdown: string): string {
  const tree = treesOf(markdown).markdown;
  const paragraph = tree.children.find((node) => node.type === 'paragraph');
  const text = paragraph ? plainText(paragraph).replace(/\s+/g, ' ').trim() : '';
  if (text.length <= EXCERPT_LENGTH) return text;
  return `${text.slice(0, text.lastIndexOf(' ', EXCERPT_LENGTH) + 1 || EXCERPT_LENGTH).trimEnd()}…`;
}

function plainText(node: RootContent): string {
  if (node.type === 'html' || node.type === 'footnoteReference') return '';
  if ('children' in node) return node.children.map(plainText).join('');
  return 'value' in node ? node.value : node.type === 'break' ? ' ' : '';
}

/** Gives stored images their addresses, and their dimensions unless the author chose some. */
function showImages(node: Nodes, images: PostImages): void {
  if (!('children' in node)) return;
  for (const child of node.children) {
    showImages(child, images);
    if (child.type !== 'element' || child.tagName !== 'img') continue;
    const { properties } = child;
    const { src, ...size } = shownImage(String(properties.src ?? ''), images) ?? {};
    if (src === undefined) continue;
    const sized = properties.width !== undefined || properties.height !== undefined;
    child.properties = { ...properties, src, ...(sized ? {} : size), loading: 'lazy' };
  }
}

/**
 * The syntax trees of a text, created once. Next.js renders each page twice, first to fill its caches, and a post's excerpt
 * needs the same tree.
 */
function treesOf(markdown: string): Trees {
  const known = recentTrees.get(markdown);
  if (known) return known;
  const tree = parser.parse(markdown);
  let html: Promise<Root> | undefined;
  const trees: Trees = {
    markdown: tree,
    html: () => {
      html ??= renderer.run(tree);
      return html;
    },
  };
  recentTrees.set(markdown, trees);
  let length = [...recentTrees.keys()].reduce((sum, text) => sum + text.length, 0);
  for (const text of recentTrees.keys()) {
    if (length <= RECENT_LENGTH || text === markdown) break;
    recentTrees.delete(text);
    length -= text.length;
  }
  return trees;
}

/** Makes wide elements focusable: they scroll by themselves on a phone, which must work with a keyboard too. */
function makeReachable(node: Nodes): void {
  if (!('children' in node)) return;
  node.children.forEach((child, index) => {
    makeReachable(child);
    if (child.type !== 'element') return;
    if (child.tagName === 'pre') child.properties = { ...child.properties, tabIndex: 0 };
    if (child.tagName === 'table') {
      node.children[index] = {
        type: 'element',
        tagName: 'div',
        properties: { className: ['scroll'], tabIndex: 0, role: 'region', ariaLabel: 'Table' },
        children: [child],
      };
    }
  });
}
