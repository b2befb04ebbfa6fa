import { generatePrismaClient } from '#building/build.ts';
import { failWith } from './failure.ts';

await generatePrismaClient().catch(failWith('prisma:generate'));
