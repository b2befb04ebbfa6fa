/** Thrown if a page can't be finished because it needs a script to be complete. The message says why. */
export class UnfinishedPage extends Error {
  override name = 'UnfinishedPage';
}

/** What Next.js and React add for hydration, matched exactly as they write it. A page is complete without it. */
const HYDRATION = [
  /<script src="\/_next\/static\/chunks\/[^"<>]+"(?: id="_R_")?(?: async=""| noModule="")?><\/script>/g,
  /<script>\(?self\.__next_f(?:=self\.__next_f\|\|\[\]\))?\.push\((?:(?!<\/script>).)*\)<\/script>/gs,
  /<script(?: id="_R_")?>\(globalThis\["TURBOPACK"\](?:(?!<\/script>).)*<\/script>/gs,
  /<link rel="preload" as="script"[^<>]*\/>/g,
  /<link rel="expect"[^<>]*\/>/g,
  // A hint for a stylesheet that follows later in the document, or that this page does not use at all.
  /<link rel="preload" href="[^"<>]*" as="style"\/>/g,
  /<div hidden=""><!--\$--><!--\/\$--><\/div>/g,
  /<!--(?:\/?[$&]| )?-->/g,
  / data-precedence="next"/g,
];

/** Patterns in the rest that only a script could complete, and how to name each. */
const INCOMPLETE: [RegExp, string][] = [
  [/<script(?![^>]* type="application\/ld\+json")[^>]*>/, 'a script'],
  [/<template id="(?:B|P):/, 'a Suspense boundary that was still waiting'],
  [/<div hidden="" id="S:/, 'content that React wanted to move into place by a script'],
  [/<!--\$[?!~]-->/, 'a Suspense boundary that failed or was still waiting'],
  [/<[^<>]* on[a-z]+="/, 'an event handler in an attribute'],
  [/<body[^<>]*>\s*<\/body>/, 'no content except what a script would add'],
];

/**
 * Turns the HTML of Next.js into a finished document, without anything that only hydration needs.
 *
 * @param html a whole document, as Next.js rendered it
 * @throws UnfinishedPage if it would not be complete without a script
 */
export function finishHtml(html: string): string {
  const finished = HYDRATION.reduce((text, form) => text.replace(form, ''), html);
  const found = INCOMPLETE.find(([form]) => form.test(finished));
  if (found)
    throw new UnfinishedPage(
      `The page holds ${found[1]}, but a finished page has to be complete without a script.`,
    );
  return finished;
}
