import { randomBytes } from 'node:crypto';
import { appendFileSync, mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** Where tokens occur in a project, and in what form. */
const FORMS: Record<string, (token: string) => string> = {
  '.npmrc': (token) => `\n//registry.example.com/:_authToken=${token}\n`,
  '.env': (token) => `PLANTED_TOKEN=${token}\n`,
  '.env.local': (token) => `PLANTED_TOKEN=${token}\n`,
  '.env.production': (token) => `PLANTED_TOKEN=${token}\n`,
  '.env.production.local': (token) => `PLANTED_TOKEN=${token}\n`,
  '.netrc': (token) => `machine git.example.com login ci password ${token}\n`,
  '.git/config': (token) => `[remote "origin"]\n\turl = https://ci:${token}@git.example.com/blog.git\n`,
  '.docker/config.json': (token) => `{"auths":{"registry.example.com":{"auth":"${token}"}}}\n`,
  '.aws/credentials': (token) => `[default]\naws_secret_access_key = ${token}\n`,
  'env/registry_token.txt': (token) => token,
};

/** Folders that a build reads. */
const FOLDERS = [
  '',
  'src',
  'src/app',
  'src/posts',
  'prisma',
  'prisma/seed',
  'prisma/migrations',
  'sealcheck',
];

/** Each folder in it is a migration. */
const WITHOUT_FOLDERS = 'prisma/migrations';

/**
 * Writes one new token into every file of a copy of the project that could hold one, nested ones too. Returns the
 * token.
 */
export function plantTokens(project: string): string {
  const token = randomBytes(24).toString('hex');
  for (const folder of FOLDERS)
    for (const [path, form] of Object.entries(FORMS)) {
      if (folder === WITHOUT_FOLDERS && path.includes('/')) continue;
      const file = join(project, folder, path);
      mkdirSync(dirname(file), { recursive: true });
      appendFileSync(file, form(token));
    }
  return token;
}
