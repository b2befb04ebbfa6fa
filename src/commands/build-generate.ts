import { generate } from '#building/build.ts';
import { failWith } from './failure.ts';

await generate().catch(failWith('build:generate'));
