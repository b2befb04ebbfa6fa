import { serveLocally } from '#local/serve-locally.ts';
import { failWith } from './failure.ts';

await serveLocally('start').catch(failWith('start'));
