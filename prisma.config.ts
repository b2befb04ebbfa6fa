import { defineConfig } from 'prisma/config';
import { environment } from './src/environment/variables.ts';

// Every CLI command would download a schema engine, which the commands used here never run.
environment.PRISMA_SCHEMA_ENGINE_BINARY ??= process.execPath;

export default defineConfig({
  schema: 'prisma/schema.prisma',
  migrations: { path: 'prisma/migrations' },
});
