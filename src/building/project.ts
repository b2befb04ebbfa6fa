import { fileURLToPath } from 'node:url';

/** The project's root folder, with a trailing separator. */
export const PROJECT = fileURLToPath(new URL('../../', import.meta.url));

/** What a build leaves to run, and what the image is made of; see https://nextjs.org/docs/app/api-reference/config/next-config-js/output. */
export const STANDALONE = fileURLToPath(new URL('../../.next/standalone/', import.meta.url));
