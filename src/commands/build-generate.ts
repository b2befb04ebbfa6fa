import { generate } from '#building/build.ts';
import { loadDotEnv } from '#building/dot-env.ts';
import { requireSettings } from '#environment/settings.ts';
import { openStore } from '#secrets/stores/open.ts';
import { failWith } from './failure.ts';

async function main(): Promise<void> {
  loadDotEnv();
  requireSettings('build', 'store');
  await openStore({ phase: 'generate' });
  await generate();
}

await main().catch(failWith('build:generate'));
