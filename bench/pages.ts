import { spawn } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import type { Blog } from './blog.ts';
import { measureLatency } from './latency.ts';
import { format, load, median, progress, type Row, run, untilAnswered } from './measure.ts';
import { measureVisit } from './visit.ts';

const ROUNDS = 5;
const PAGE = '/';
const NGINX = 20_998;
const CODINGS = ['identity', 'gzip', 'br'];

/** The headers that nginx sends as well. */
const COPIED =
  /^(cache-control|content-security-policy|content-encoding|referrer-policy|x-content|speculation|vary)/;

/** A script for wrk: each request for another post that does not exist. */
const UNKNOWN = `
  local number = 0
  request = function()
    number = number + 1
    return wrk.format(nil, "/posts/unknown-" .. number)
  end`;

/** Measures how finished pages are served: beside nginx, during renders, and to a browser. */
export async function measurePages(blog: Blog): Promise<Row[]> {
  progress('building the image');
  await blog.build();
  const { id, site } = await blog.serve();
  try {
    return [
      ...(await measureBesideNginx(site)),
      ...(await measureLatency(blog, site)),
      ...(await measureVisit(site)),
    ];
  } finally {
    blog.stop(id);
  }
}

/** Requests a second: a page beside nginx with the same bytes and headers, and unknown addresses, in turn. */
async function measureBesideNginx(site: string): Promise<Row[]> {
  const folder = mkdtempSync(join(tmpdir(), 'sealed-bench-nginx-'));
  const script = join(folder, 'unknown.lua');
  writeFileSync(script, UNKNOWN);
  const nginx = await startNginx(folder, site);
  const ratios: Record<string, number[]> = { identity: [], gzip: [], br: [], unknown: [] };
  try {
    for (let round = 0; round < ROUNDS; round++) {
      for (const coding of CODINGS) {
        const theirs = load(`http://127.0.0.1:${NGINX}/${coding}`, { coding });
        const ours = load(site + PAGE, { coding });
        ratios[coding]?.push(ours / theirs);
        progress(`${coding}: ${format(ours)}/s, nginx ${format(theirs)}/s`);
        if (coding !== 'gzip') continue;
        const unknown = load(site, { coding, script });
        ratios.unknown?.push(unknown / ours);
        progress(`unknown: ${format(unknown)}/s`);
      }
    }
  } finally {
    nginx.kill();
    rmSync(folder, { recursive: true });
  }
  const ratio = (name: string) => format(median(ratios[name] ?? []), 2);
  const how = `requests a second, the same bytes, one core each for server and client; median of ${ROUNDS}`;
  return [
    { figure: 'a prerendered page to nginx, plain', measured: ratio('identity'), target: '≥ 0.5', how },
    { figure: 'the same, gzip', measured: ratio('gzip'), target: '≥ 0.5' },
    { figure: 'the same, br', measured: ratio('br'), target: '≥ 0.5' },
    {
      figure: 'an unknown slug to a finished page',
      measured: ratio('unknown'),
      target: '≥ 0.3',
      how: 'requests a second, gzip; each for another slug',
    },
  ];
}

/** Starts nginx on the first core with the bodies and headers of the page in each coding, compressed beforehand. */
async function startNginx(folder: string, site: string) {
  mkdirSync(join(folder, 'www'));
  const locations = [];
  for (const coding of CODINGS) {
    const { headers, body } = await get(site + PAGE, coding);
    writeFileSync(join(folder, 'www', coding), body, 'latin1');
    const added = Object.entries(headers).filter(([name]) => COPIED.test(name));
    const lines = added.map(([name, value]) => `add_header ${name} ${JSON.stringify(value)};`);
    locations.push(`location = /${coding} { default_type 'text/html; charset=utf-8'; ${lines.join(' ')} }`);
  }
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];
  writeFileSync(
    join(folder, 'nginx.conf'),
    `daemon off; worker_processes 1; pid ${folder}/pid; error_log /dev/null;
events { worker_connections 1024; }
http {
  access_log off; sendfile on; keepalive_requests 1000000; open_file_cache max=100; etag on;
  ${temporary.map((name) => `${name}_temp_path ${folder}/${name};`).join(' ')}
  server { listen 127.0.0.1:${NGINX}; root ${folder}/www; ${locations.join('\n')} }
}`,
  );
  chmodSync(folder, 0o755);
  run('chmod', '-R', 'a+rX', folder);
  const nginx = spawn('taskset', ['-c', '0', 'nginx', '-c', join(folder, 'nginx.conf')], { stdio: 'ignore' });
  await untilAnswered(`http://127.0.0.1:${NGINX}/identity`);
  return nginx;
}

/** The headers, and the body as Latin-1 text: `fetch` would decompress it. */
async function get(url: string, coding: string) {
  const response = await new Promise<import('node:http').IncomingMessage>((resolve, reject) => {
    request(url, { headers: { 'accept-encoding': coding } }, resolve)
      .once('error', reject)
      .end();
  });
  const body = await text(response.setEncoding('latin1'));
  return { headers: response.headers, body };
}
