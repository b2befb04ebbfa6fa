import { contentRevision } from '#database/content-revision.ts';
import { readDatabaseAddress } from '#secrets/database-url.ts';
import { takeEnvFile } from './env-file.ts';
import { failWith } from './failure.ts';

// For a build that npm run docker:build does not start: --build-arg CONTENT_REVISION="$(npm run --silent content-revision)"
takeEnvFile();
await Promise.resolve()
  .then(() => contentRevision(readDatabaseAddress()))
  .then(console.info)
  .catch(failWith('content-revision'));
