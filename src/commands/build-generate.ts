import { generate } from '#building/build.ts';
import { openStore } from '#secrets/stores/open.ts';
import { takeEnvFile } from './env-file.ts';
import { failWith } from './failure.ts';

takeEnvFile();
await openStore({ phase: 'generate' })
  .then(() => generate())
  .catch(failWith('build:generate'));
