import { generate } from '#building/build.ts';
import { takeEnvFile } from './env-file.ts';
import { failWith } from './failure.ts';

takeEnvFile();
await generate().catch(failWith('build:generate'));
