import { execFileSync } from 'node:child_process';
import type { TestProject } from 'vitest/node';
import { skipSuite } from './capability.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** Whether a Docker engine answers. */
    docker: boolean;
  }
}

/** Looks for a Docker engine; the container suite needs one. */
export default function setup(project: TestProject): void {
  let docker = true;
  try {
    execFileSync('docker', ['version', '--format', '{{.Server.Version}}'], {
      stdio: 'pipe',
      timeout: 20_000,
    });
  } catch {
    docker = false;
    skipSuite(
      'container',
      'No Docker engine answers. Install and start Docker: https://docs.docker.com/get-docker/.',
    );
  }
  project.provide('docker', docker);
}
