import type { Finding, LayerPicture, MountingStep, Report } from './findings.ts';
import { placeOf, verdictOf } from './text.ts';

const capitalized = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

const asHtml = (text: string): string =>
  text.replace(/[&<>"']/g, (c) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' })[c] ?? '&#39;');

// A browser would break an option after its dashes.
const asCode = (text: string): string =>
  `<code>${asHtml(text.replace(/ # buildkit$/, '')).replace(/--[\w-]+/g, '<span class="word">$&</span>')}</code>`;

const megabytes = (bytes: number): string =>
  bytes >= 1e5 ? `${(bytes / 1e6).toFixed(1)} MB` : `${(bytes / 1e3).toFixed(1)} kB`;

const style = `
:root { color-scheme: light dark; --ground: #fbfaf7; --ink: #1d2329; --soft: #5c6670; --line: #d9d6cd; --block: #e9e6dd; --leak: #b3261e; --leak-ground: #fbe9e7; --clean: #1e6b3c; --doubt: #8a5a00; --mount: #2f5fa8; --card: #fff; }
@media (prefers-color-scheme: dark) { :root { --ground: #14181c; --ink: #e6e8ea; --soft: #9aa4ad; --line: #323a42; --block: #262d34; --leak: #ff8a80; --leak-ground: #3a1f1e; --clean: #7fd6a0; --doubt: #f0c060; --mount: #8fb8f5; --card: #1b2126; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--ground); color: var(--ink); font: 16px/1.5 system-ui, sans-serif; }
main { max-width: 62rem; margin: 0 auto; padding: 2rem 1.25rem 4rem; }
h1 { font-size: 1.1rem; font-weight: 600; margin: 0; color: var(--soft); overflow-wrap: anywhere; }
.verdict { font-size: clamp(1.6rem, 5vw, 2.4rem); font-weight: 700; margin: .1rem 0 .4rem; line-height: 1.15; }
.leak .verdict { color: var(--leak); } .clean .verdict { color: var(--clean); } .doubt .verdict { color: var(--doubt); }
.summary, footer { color: var(--soft); margin: 0; }
h2 { font-size: 1.15rem; margin: 2.5rem 0 .75rem; }
ol.image { list-style: none; margin: 0; padding: 0; border: 1px solid var(--line); border-radius: .6rem; overflow: hidden; }
ol.image li { display: grid; grid-template-columns: 5.5rem 1fr; gap: 0 1rem; padding: .6rem .9rem; background: var(--card); border-top: 1px solid var(--line); align-content: center; }
ol.image li:first-child { border-top: 0; }
ol.image li.hit { background: var(--leak-ground); box-shadow: inset .3rem 0 0 var(--leak); }
ol.image li.step { background: transparent; border: 2px dashed var(--mount); border-radius: .5rem; margin: .5rem; }
span.word { white-space: nowrap; }
.aside { display: block; margin-top: .3rem; color: var(--soft); font-size: .85rem; }
ol.image .size { font-variant-numeric: tabular-nums; color: var(--soft); font-size: .85rem; text-align: right; }
ol.image .bar { display: block; height: .4rem; border-radius: .2rem; background: var(--mount); opacity: .55; margin: .35rem 0 0 auto; }
ol.image li.hit .bar { background: var(--leak); opacity: 1; }
code, .path { font: .85rem/1.45 ui-monospace, monospace; overflow-wrap: anywhere; }
.tag { display: inline-block; font-size: .78rem; border: 1px solid currentColor; border-radius: 1rem; padding: 0 .55rem; margin: .3rem .4rem 0 0; }
.tag.mount { color: var(--mount); } .tag.found { color: var(--leak); }
article { border: 1px solid var(--line); border-left: .3rem solid var(--leak); border-radius: .4rem; background: var(--card); padding: .9rem 1.1rem; margin: 0 0 .9rem; }
article.allowed { border-left-color: var(--doubt); }
article h3 { font-size: 1rem; margin: 0 0 .35rem; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .15rem 1rem; margin: 0; } dt { color: var(--soft); } dd { margin: 0; overflow-wrap: anywhere; }
ul { padding-left: 1.2rem; } footer { margin-top: 3rem; font-size: .85rem; }
@media (max-width: 36rem) { ol.image li { grid-template-columns: 1fr; } ol.image .size { text-align: left; } ol.image .bar { margin-left: 0; } dl { grid-template-columns: 1fr; } dt { margin-top: .3rem; font-size: .85rem; } }
`;

// A step whose layer is not in the image, while its output is.
const stepBlock = (step: MountingStep): string =>
  `<li class="step"><span class="size">${step.stage === undefined ? 'step' : `stage ${asHtml(step.stage)}`}</span>
<span>${asCode(step.name)}<br>${step.secrets.map((id) => `<span class="tag mount">secret ${asHtml(id)} mounted</span>`).join('')}<span class="aside">not in the image; the next layer holds what its stage made</span></span></li>`;

function layerBlock(layer: LayerPicture, report: Report, largest: number): string {
  const found = report.findings.filter(
    (finding) => finding.layer?.digest === layer.digest && finding.layer.index === layer.index,
  );
  // A block's height shows its size, on a square-root scale so that small layers are visible beside a large base.
  const share = Math.sqrt(layer.size / Math.max(1, largest));
  const tags = [
    ...layer.mounted.map((id) => `<span class="tag mount">secret ${asHtml(id)} mounted</span>`),
    ...[...new Set(found.map((finding) => finding.secret))].map(
      (id) =>
        `<a class="tag found" href="#finding-${report.findings.findIndex((finding) => finding.secret === id && finding.layer?.index === layer.index) + 1}">${asHtml(id)} found</a>`,
    ),
  ];
  const steps = report.steps.filter((step) => step.layer === layer.index).map(stepBlock);
  return `${steps.join('')}<li class="${found.length > 0 ? 'hit' : ''}" style="min-height:${(2.6 + share * 6).toFixed(2)}rem">
<span class="size">${layer.index + 1} · ${megabytes(layer.size)}<span class="bar" style="width:${Math.max(3, share * 100).toFixed(1)}%"></span></span>
<span>${asCode(layer.instruction)}<br>${tags.join('')}</span></li>`;
}

// The image's metadata is shown below its layers if something was found there.
function documentBlocks(report: Report): string {
  const found = report.findings.flatMap((finding, at) => (finding.layer ? [] : [{ finding, at }]));
  return [...new Set(found.map(({ finding }) => finding.place))]
    .map((place) => {
      const here = found.filter(({ finding }) => finding.place === place);
      const tags = here.map(
        ({ finding, at }) =>
          `<a class="tag found" href="#finding-${at + 1}">${asHtml(finding.secret)} in ${asHtml(finding.path)}</a>`,
      );
      return `<li class="hit"><span class="size">${asHtml(place)}</span><span>${tags.join('')}</span></li>`;
    })
    .join('\n');
}

function findingBlock(finding: Finding, number: number, allowed: boolean): string {
  const rows: [string, string][] = [
    [
      'Found',
      `${asHtml(finding.category === 'secret' ? `${finding.part === 'whole' ? 'the whole value' : `its ${finding.part}`}, ${finding.encoding}` : finding.part)}, at byte ${finding.offset}${finding.occurrences > 1 ? `, ${finding.occurrences} times` : ''}`,
    ],
  ];
  if (finding.layer)
    rows.push(
      ['Made by', asCode(finding.layer.instruction)],
      ['Layer', `<code>${asHtml(finding.layer.digest)}</code>`],
    );
  if (finding.visibility === 'visible') rows.push(['Seen', 'by every container of this image']);
  if (finding.visibility === 'deleted')
    rows.push([
      'Seen',
      `deleted by layer ${(finding.deletedBy?.index ?? 0) + 1}, and still in the image for anyone who unpacks it`,
    ]);
  rows.push(['Fix', asHtml(finding.remedy).replace(/--[\w-]+/g, '<span class="word">$&</span>')]);
  const what = finding.category === 'secret' ? 'in' : 'is live in';
  const heading = `${asHtml(finding.secret)} ${what} <span class="path">${asHtml(placeOf(finding))}</span>`;
  return `<article id="${allowed ? 'allowed' : 'finding'}-${number}"${allowed ? ' class="allowed"' : ''}><h3>${heading}</h3><dl>${rows.map(([name, value]) => `<dt>${name}</dt><dd>${value}</dd>`).join('')}</dl></article>`;
}

const list = (title: string, items: readonly string[]): string =>
  items.length === 0
    ? ''
    : `<section><h2>${title}</h2><ul>${items.map((item) => `<li>${asHtml(item)}</li>`).join('')}</ul></section>`;

const withoutUnopened = ({ incomplete, unopened }: Report): string[] =>
  incomplete.filter((reason) => !unopened.includes(reason));

/** The report as one self-contained HTML page: a diagram of the image with the findings in it. */
export function htmlReport(report: Report): string {
  const largest = Math.max(1, ...report.layers.map((layer) => layer.size));
  const verdict =
    report.verdict === 'clean'
      ? { kind: report.unopened.length > 0 ? 'doubt' : 'clean', text: capitalized(verdictOf(report)) }
      : report.verdict === 'leak'
        ? { kind: 'leak', text: `Leak: ${verdictOf(report)}` }
        : { kind: 'doubt', text: 'Not everything could be checked' };
  const ids = report.searched.map(({ secret }) => secret).join(', ');
  const picture =
    report.layers.length === 0
      ? ''
      : `<section><h2>The image, first layer on top</h2><ol class="image">${report.layers.map((layer) => layerBlock(layer, report, largest)).join('\n')}
${documentBlocks(report)}</ol></section>`;
  const elsewhere = report.steps.filter((step) => step.layer === undefined);
  const steps =
    elsewhere.length === 0
      ? ''
      : `<section><h2>${picture.includes('class="step"') ? 'Other steps' : 'Steps'} that had a secret</h2><ul>${elsewhere.map((step) => `<li><code>${asHtml(step.name)}</code><br>${step.secrets.map((id) => `<span class="tag mount">${asHtml(id)}</span>`).join('')}</li>`).join('')}</ul></section>`;
  const findings =
    report.findings.length === 0
      ? ''
      : `<section><h2>Findings</h2>${report.findings.map((finding, index) => findingBlock(finding, index + 1, false)).join('')}</section>`;
  const allowed =
    report.allowed.length === 0
      ? ''
      : `<section><h2>Live framework keys that were allowed</h2>${report.allowed.map((finding, index) => findingBlock(finding, index + 1, true)).join('')}</section>`;
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>${asHtml(verdict.text)}: ${asHtml(report.target)}</title><style>${style}</style></head>
<body class="${verdict.kind}"><main>
<header><h1>${asHtml(report.target)}</h1><p class="verdict">${asHtml(verdict.text)}</p>
<p class="summary">Searched for ${asHtml(ids || 'nothing')} in ${megabytes(report.bytes)}, plain and in every encoding that sealcheck knows, in ${report.seconds.toFixed(1)} s. ${report.unopened.length === 0 ? 'Every archive was opened.' : `${report.unopened.length} not opened: see below.`}</p></header>
${list('Not read completely', withoutUnopened(report))}${list('Not opened', report.unopened)}${picture}${findings}${allowed}${steps}${list('Not searched for', report.warnings)}${list('Notes', report.notes)}
<footer>sealcheck ${asHtml(report.version)}. No value of a secret is in this page.</footer>
</main></body></html>
`;
}
