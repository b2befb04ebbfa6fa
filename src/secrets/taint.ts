import 'server-only';
import { experimental_taintUniqueValue } from 'react';
import { onMasked } from './masking.ts';

/** Minimum characters for tainting a text: a shorter password may be an ordinary word in a page. */
const MIN_LENGTH = 8;

// React compares whole strings, and the taint lasts as long as the object: `globalThis` lives as long as the process.
onMasked((text, name) => {
  if (text.length < MIN_LENGTH) return;
  experimental_taintUniqueValue(
    `${name} is a secret, and was about to be sent to a browser. Pass only what the client component needs of it.`,
    globalThis,
    text,
  );
});
