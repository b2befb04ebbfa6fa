import { execFile, execFileSync } from 'node:child_process';
import { promisify } from 'node:util';

const execute = promisify(execFile);

/**
 * Whether Docker keeps its images in containerd's store. The classic store supports neither attestations nor cache
 * exports.
 */
export function usesContainerdStore(): boolean {
  return docker('info', '--format', '{{.DriverStatus}}').includes('io.containerd.snapshotter');
}

/** A container started by a test and removed by its id. */
export type Container = {
  id: string;
  /** Where its port 3000 is published, such as `http://127.0.0.1:32768`. */
  url: string;
  log: () => string;
  /** `docker stop`; returns the exit code. */
  stop: () => Promise<number>;
  remove: () => void;
};

/** Runs the docker client and returns what it printed. */
export function docker(...args: string[]): string {
  return execFileSync('docker', args, {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
    maxBuffer: 1e8,
  });
}

/** Runs the docker client and waits for it to exit, with whatever code. */
export async function tryDocker(args: string[]): Promise<{ code: number; output: string }> {
  try {
    const { stdout, stderr } = await execute('docker', args, { maxBuffer: 1e8 });
    return { code: 0, output: stdout + stderr };
  } catch (error) {
    const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string };
    return { code, output: stdout + stderr };
  }
}

/** The options that the README recommends for a hardened `docker run`. */
export const HARDENED = [
  '--read-only',
  '--tmpfs',
  '/tmp',
  '--cap-drop',
  'ALL',
  '--security-opt',
  'no-new-privileges',
];

/** Starts a container of an image with port 3000 published on the loopback interface, and waits until it answers. */
export async function startContainer(image: string, options: string[] = []): Promise<Container> {
  const id = docker('run', '--detach', '--publish', '127.0.0.1::3000', ...options, image).trim();
  const url = `http://${docker('port', id, '3000').trim().split('\n')[0]}`;
  const container: Container = {
    id,
    url,
    log: () => execFileSync('sh', ['-c', 'docker logs "$0" 2>&1', id], { encoding: 'utf8', maxBuffer: 1e8 }),
    stop: async () => {
      await execute('docker', ['stop', id]);
      return Number(docker('inspect', '--format', '{{.State.ExitCode}}', id));
    },
    remove: () => docker('rm', '--force', '--volumes', id),
  };
  try {
    await eventually(async () => (await fetch(`${url}/health`)).ok);
  } catch {
    const log = container.log();
    container.remove();
    throw new Error(`The container did not answer:\n${log}`);
  }
  return container;
}

/** The health that Docker reports for a container. */
type Health = { Status: string; Log: { ExitCode: number; Output: string }[] };

/** The health of a container that has a health check. */
export function healthOf(id: string): Health {
  return JSON.parse(docker('inspect', '--format', '{{json .State.Health}}', id));
}

/** The user and the effective capabilities that a container's health check runs with. */
export function healthCheckUser(id: string): { uid: string; capabilities: string } {
  const [kind, ...words]: string[] = JSON.parse(
    docker('inspect', '--format', '{{json .Config.Healthcheck.Test}}', id),
  );
  if (kind !== 'CMD') throw new Error(`The health check of ${id} runs in a shell.`);
  // The part that drops privileges before the command itself, if there is one.
  const end = words[0] === 'setpriv' ? words.findIndex((word, at) => at > 0 && !word.startsWith('--')) : 0;
  const status = docker('exec', id, ...words.slice(0, end), 'cat', '/proc/self/status');
  return {
    uid: /^Uid:\t\d+\t(\d+)/m.exec(status)?.[1] ?? '',
    capabilities: /^CapEff:\t(\w+)/m.exec(status)?.[1] ?? '',
  };
}

/** Polls until the condition holds; fails after a time that is generous for any condition here. */
export async function eventually(isSo: () => Promise<boolean>, milliseconds = 60_000): Promise<void> {
  const end = Date.now() + milliseconds;
  for (;;) {
    if (await isSo().catch(() => false)) return;
    if (Date.now() > end) throw new Error('What was waited for did not come about.');
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
