import { defineConfig } from 'prisma/config';
import { environment } from './src/environment/variables.ts';

// Every CLI command looks for a schema engine and would download one; the commands used here never run it.
environment.PRISMA_SCHEMA_ENGINE_BINARY ??= process.execPath;

export default defineConfig({
  schema: 'prisma/schema.prisma',
  migrations: { path: 'prisma/migrations' },
});
