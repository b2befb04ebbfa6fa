import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { brotliDecompressSync } from 'node:zlib';
import { median, untilAnswered } from './measure.ts';

const HELP = `Usage: npm run bench:pages [-- --rounds 3]

Serves one finished page by this project's server and by nginx, with the same bytes, in turn and on one core each for
server and client, and prints the ratio of requests a second. It needs a build (npm run build), nginx, wrk and taskset.
`;

const STANDALONE = '.next/standalone';
const PAGE = '/';
const PORTS = { sealed: 3971, nginx: 3972 };

/** Seconds of load in each round. */
const TURN = 4;

const CODINGS = { plain: 'identity', gzip: 'gzip', br: 'br' } as const;

type CodingName = keyof typeof CODINGS;

async function main(): Promise<void> {
  const options = {
    help: { type: 'boolean', short: 'h' },
    rounds: { type: 'string', default: '3' },
  } as const;
  const { values } = parseArgs({ options });
  if (values.help) return console.info(HELP);

  const folder = mkdtempSync(join(tmpdir(), 'sealed-bench-'));
  const running: ChildProcess[] = [];
  try {
    running.push(startSealed());
    await untilAnswered(`http://127.0.0.1:${PORTS.sealed}${PAGE}`);
    running.push(await startNginx(folder));
    const ratios: Record<CodingName, number[]> = { plain: [], gzip: [], br: [] };
    for (let round = 0; round < Number(values.rounds); round++) {
      for (const name of Object.keys(CODINGS) as CodingName[]) {
        const nginx = requests(PORTS.nginx, `/${name}`, CODINGS[name]);
        const sealed = requests(PORTS.sealed, PAGE, CODINGS[name]);
        ratios[name].push(sealed / nginx);
        process.stderr.write(`${name}: ${Math.round(sealed)}/s, nginx ${Math.round(nginx)}/s\n`);
      }
    }
    console.info('| body | to nginx, requests a second |\n| --- | ---: |');
    for (const [name, list] of Object.entries(ratios))
      console.info(`| ${name} | ${median(list).toFixed(2)} |`);
  } finally {
    for (const child of running) child.kill('SIGTERM');
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Starts the server without a database, so that it serves the image's pages. */
function startSealed(): ChildProcess {
  const env = { ...process.env, PORT: String(PORTS.sealed), HOSTNAME: '127.0.0.1', DATABASE_URL: '' };
  return spawn('taskset', ['-c', '0', process.execPath, 'sealed.js'], {
    cwd: STANDALONE,
    env,
    stdio: 'ignore',
  });
}

/** Starts nginx with the same bodies and headers; each body is compressed beforehand. */
async function startNginx(folder: string): Promise<ChildProcess> {
  const locations = [];
  mkdirSync(join(folder, 'www'));
  for (const [name, coding] of Object.entries(CODINGS)) {
    const url = `http://127.0.0.1:${PORTS.sealed}${PAGE}`;
    const headers = execFileSync('curl', ['-sI', '-H', `accept-encoding: ${coding}`, url], {
      encoding: 'utf8',
    });
    const body = execFileSync('curl', ['-s', '-H', `accept-encoding: ${coding}`, url]);
    if (name === 'br') brotliDecompressSync(body);
    writeFileSync(join(folder, 'www', name), body);
    const added = headers
      .split('\r\n')
      .slice(1)
      .filter((line) =>
        /^(cache-control|content-security|content-encoding|referrer|x-content|speculation|vary)/i.test(line),
      )
      .map(
        (line) =>
          `add_header ${line.split(': ', 1)[0]} ${JSON.stringify(line.slice(line.indexOf(': ') + 2))};`,
      );
    locations.push(`location = /${name} { default_type 'text/html; charset=utf-8'; ${added.join(' ')} }`);
  }
  const config = join(folder, 'nginx.conf');
  writeFileSync(
    config,
    `daemon off; worker_processes 1; pid ${folder}/pid; error_log /dev/null;
events { worker_connections 1024; }
http {
  access_log off; sendfile on; keepalive_requests 1000000; open_file_cache max=100; etag on;
  client_body_temp_path ${folder}/a; proxy_temp_path ${folder}/b; fastcgi_temp_path ${folder}/c; uwsgi_temp_path ${folder}/d; scgi_temp_path ${folder}/e;
  server { listen 127.0.0.1:${PORTS.nginx}; root ${folder}/www; ${locations.join('\n')} }
}`,
  );
  execFileSync('chmod', ['-R', 'a+rX', folder]);
  const child = spawn('taskset', ['-c', '0', 'nginx', '-c', config], { stdio: 'ignore' });
  await untilAnswered(`http://127.0.0.1:${PORTS.nginx}/plain`);
  return child;
}

/** Requests per second, from a client on the other core. */
function requests(port: number, path: string, coding: string): number {
  const printed = execFileSync(
    'taskset',
    [
      '-c',
      '1',
      'wrk',
      '-t1',
      '-c16',
      `-d${TURN}s`,
      '-H',
      `accept-encoding: ${coding}`,
      `http://127.0.0.1:${port}${path}`,
    ],
    { encoding: 'utf8' },
  );
  if (/Non-2xx/.test(printed)) throw new Error(`Port ${port} did not answer with 200.`);
  return Number(/Requests\/sec:\s+([\d.]+)/.exec(printed)?.[1]);
}

await main();
