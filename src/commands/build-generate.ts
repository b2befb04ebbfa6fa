import { generate } from '#building/build.ts';
import { loadEnvFile } from './env-file.ts';
import { failWith } from './failure.ts';

loadEnvFile();
await generate().catch(failWith('build:generate'));
