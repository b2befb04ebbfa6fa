import { generate } from '#building/build.ts';
import { takeEnvFile } from '#building/dot-env.ts';
import { openStore } from '#secrets/stores/open.ts';
import { failWith } from './failure.ts';

takeEnvFile();
await openStore({ phase: 'generate' })
  .then(() => generate())
  .catch(failWith('build:generate'));
