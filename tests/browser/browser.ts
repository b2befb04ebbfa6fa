import { type Browser, chromium } from 'playwright-core';

/** Keeps a browser under test from making requests of its own: the machine may have no internet access. */
const QUIET = [
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--no-first-run',
  '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1',
];

/** Starts the Chromium at a path. As root it runs only without its own sandbox. */
export function launch(executablePath: string): Promise<Browser> {
  const args = process.getuid?.() === 0 ? [...QUIET, '--no-sandbox'] : QUIET;
  return chromium.launch({ executablePath, args });
}
