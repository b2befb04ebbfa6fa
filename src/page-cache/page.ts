import { createHash } from 'node:crypto';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';

/** The codings of a page's body, in the order in which the server prefers them. */
export const CODINGS = ['br', 'gzip', 'identity'] as const;

/** A content coding of RFC 9110, section 8.4.1. */
export type Coding = (typeof CODINGS)[number];

/** A document before it is encoded. */
export type Document = {
  status: 200 | 404 | 503;
  /** A whole document. */
  html: string;
  /** The tags of the content log for what it shows. */
  tags: string[];
};

/** A page as bytes: a response only has to choose one of its bodies. */
export type FinishedPage = Omit<Document, 'html'> & {
  /** The page's current size in memory, in bytes. */
  size: () => number;
  /** Headers as a flat list for `writeHead`, and the body. Created once per coding, on first use. */
  as: (coding: Coding) => { headers: string[]; body: Buffer; etag: string };
};

/** Brotli 11 takes 50 times as long as 5, for 12 percent. */
const brotli = (size: number) => ({
  chunkSize: Math.max(1_024, size),
  params: {
    [constants.BROTLI_PARAM_QUALITY]: 5,
    [constants.BROTLI_PARAM_MODE]: constants.BROTLI_MODE_TEXT,
    [constants.BROTLI_PARAM_SIZE_HINT]: size,
    // No larger than the page, since the encoder allocates memory for it: 2 to the power of this.
    [constants.BROTLI_PARAM_LGWIN]: Math.min(22, Math.max(16, Math.ceil(Math.log2(size + 16)))),
  },
});

const ENCODE: Record<Coding, (plain: Buffer) => Buffer> = {
  identity: (plain) => plain,
  gzip: (plain) => gzipSync(plain, { level: 6, chunkSize: Math.max(1_024, plain.length) }),
  br: (plain) => brotliCompressSync(plain, brotli(plain.length)),
};

/**
 * Turns a document into bytes.
 *
 * @param headers those that do not depend on the body, such as the policy; the others are added
 */
export function finishedPage({ html, ...document }: Document, headers: Record<string, string>): FinishedPage {
  const plain = Buffer.from(html);
  const digest = createHash('sha256').update(plain).digest('base64url').slice(0, 22);
  const made = new Map<Coding, { headers: string[]; body: Buffer; etag: string }>();
  const common = Object.entries({ 'Content-Type': 'text/html; charset=utf-8', ...headers }).flat();
  return {
    ...document,
    size: () => [...made.values()].reduce((sum, { body }) => sum + body.length, plain.length),
    as: (coding) => {
      let variant = made.get(coding);
      if (!variant) {
        // A copy, because zlib returns a part of a larger buffer.
        const body = coding === 'identity' ? plain : Buffer.from(ENCODE[coding](plain));
        // Two bodies may not share a strong ETag: RFC 9110, section 8.8.3.
        const etag = coding === 'identity' ? `"${digest}"` : `"${digest}-${coding}"`;
        const ofBody = { ETag: etag, ...(coding === 'identity' ? {} : { 'Content-Encoding': coding }) };
        variant = {
          body,
          etag,
          headers: [
            ...common,
            'Vary',
            'Accept-Encoding',
            ...Object.entries(ofBody).flat(),
            'Content-Length',
            String(body.length),
          ],
        };
        made.set(coding, variant);
      }
      return variant;
    },
  };
}
