import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { loadEnvFile } from 'node:process';
import { PROJECT } from './project.ts';

/** Loads the project's `.env`, if there is one. Variables that are already set win. */
export function loadDotEnv(): void {
  const file = join(PROJECT, '.env');
  if (existsSync(file)) loadEnvFile(file);
}
