import 'server-only';
import { experimental_taintUniqueValue } from 'react';
import { onMasked } from './masking.ts';

/** Characters below which a text is not tainted: a short password may be an ordinary word in a page. */
const SHORTEST = 8;

// React compares whole strings, and looks at them for as long as this object lives: as long as the process.
onMasked((text, name) => {
  if (text.length < SHORTEST) return;
  experimental_taintUniqueValue(
    `${name} is a secret, and was about to be sent to a browser. Pass only what the client component needs of it.`,
    globalThis,
    text,
  );
});
