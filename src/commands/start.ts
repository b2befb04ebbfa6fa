import { failWith } from './failure.ts';
import { serveLocally } from './local.ts';

await serveLocally('start').catch(failWith('start'));
