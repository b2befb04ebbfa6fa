import { serveLocally } from '#local/serve-locally.ts';
import { failWith } from './failure.ts';

await serveLocally('dev').catch(failWith('dev'));
