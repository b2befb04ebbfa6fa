import { fileURLToPath } from 'node:url';

/** The project's root folder, with a trailing separator. */
export const PROJECT = fileURLToPath(new URL('../../', import.meta.url));

/** The build's output, which the image contains; see https://nextjs.org/docs/app/api-reference/config/next-config-js/output. */
export const STANDALONE = fileURLToPath(new URL('../../.next/standalone/', import.meta.url));
