import type { IncomingMessage, ServerResponse } from 'node:http';
import { CODINGS, type Coding, type FinishedPage } from './page.ts';

/** Answers GET or HEAD with a finished page, or with 304 if the client has the same body. */
export function answerWith(page: FinishedPage, request: IncomingMessage, response: ServerResponse): void {
  const { headers, body, etag } = page.as(acceptedCoding(request.headers['accept-encoding']));
  if (page.status === 200 && hasBody(request.headers['if-none-match'], etag)) {
    response.writeHead(304, withoutBody(headers)).end();
    return;
  }
  response.writeHead(page.status, headers);
  if (request.method === 'HEAD') response.end();
  else response.end(body);
}

/** Parsed headers: browsers and proxies send few different ones. Others are parsed each time. */
const accepted = new Map<string, Coding>();

/** Chooses by the weights of RFC 9110, section 12.5.3; among equal ones, the smallest body. */
export function acceptedCoding(header: string | undefined): Coding {
  if (header === undefined) return 'identity';
  const known = accepted.get(header);
  if (known) return known;
  const coding = parse(header);
  // Bounded, because clients choose the header.
  if (accepted.size < 100 && header.length < 200) accepted.set(header, coding);
  return coding;
}

function parse(header: string): Coding {
  const weights = new Map<string, number>();
  for (const part of header.toLowerCase().split(',')) {
    const [name = '', ...parameters] = part.split(';').map((text) => text.trim());
    const weight = parameters.find((text) => /^q\s*=/.test(text))?.replace(/^q\s*=\s*/, '') ?? '1';
    const valid = /^(?:0(?:\.\d{0,3})?|1(?:\.0{0,3})?)$/.test(weight);
    if (name !== '') weights.set(name === 'x-gzip' ? 'gzip' : name, valid ? Number(weight) : 0);
  }
  const weightOf = (coding: Coding) =>
    // If the header does not mention it, identity is acceptable and everything else is not.
    weights.get(coding) ?? weights.get('*') ?? (coding === 'identity' ? 0.0001 : 0);
  const best = CODINGS.reduce((chosen, coding) => (weightOf(coding) > weightOf(chosen) ? coding : chosen));
  // If nothing is acceptable, a body that everyone understands is better than none: RFC 9110 allows it.
  return weightOf(best) > 0 ? best : 'identity';
}

/** Compares as RFC 9110, section 13.1.2, requires: weakly, with a list or `*`. */
function hasBody(header: string | undefined, etag: string): boolean {
  if (header === undefined) return false;
  if (header.trim() === '*') return true;
  return header.split(',').some((known) => known.trim().replace(/^W\//, '') === etag);
}

const bodiless = new WeakMap<string[], string[]>();

/** The headers of a 304: those of the 200 without the ones that describe the body. */
function withoutBody(headers: string[]): string[] {
  let kept = bodiless.get(headers);
  if (!kept) {
    kept = headers.filter((_, index) => {
      const name = headers[index - (index % 2)];
      return name !== 'Content-Length' && name !== 'Content-Encoding' && name !== 'Content-Type';
    });
    bodiless.set(headers, kept);
  }
  return kept;
}
