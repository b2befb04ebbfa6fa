import { compile } from '#building/build.ts';
import { failWith } from './failure.ts';

await compile().catch(failWith('build:compile'));
