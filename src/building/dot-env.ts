import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { loadEnvFile } from 'node:process';
import { PROJECT } from './project.ts';

/** Takes the variables of the project's `.env`, where there is one; a variable that is set already wins. */
export function loadDotEnv(): void {
  const file = join(PROJECT, '.env');
  if (existsSync(file)) loadEnvFile(file);
}
