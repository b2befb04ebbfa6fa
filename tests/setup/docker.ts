import { execFileSync } from 'node:child_process';
import { skipSuite } from './capability.ts';

/** Whether a Docker engine responds; prints one line if none does. */
export function dockerAnswers(): boolean {
  try {
    execFileSync('docker', ['version', '--format', '{{.Server.Version}}'], {
      stdio: 'pipe',
      timeout: 20_000,
    });
    return true;
  } catch {
    skipSuite(
      'container',
      'No Docker engine answers. Install and start Docker: https://docs.docker.com/get-docker/.',
    );
    return false;
  }
}
