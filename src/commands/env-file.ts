import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { loadEnvFile as load } from 'node:process';
import { PROJECT } from '#building/project.ts';

/** Takes the variables of the project's `.env`, where there is one; a variable that is set already wins. */
export function loadEnvFile(): void {
  const file = join(PROJECT, '.env');
  if (existsSync(file)) load(file);
}
