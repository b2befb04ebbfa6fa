import { failWith } from './failure.ts';
import { serveLocally } from './local.ts';

await serveLocally('dev').catch(failWith('dev'));
