import { randomBytes, randomUUID } from 'node:crypto';

const SHAPES = [
  () => `postgresql://app:${randomBytes(12).toString('base64url')}@db.internal:5432/app`,
  () => randomBytes(16).toString('hex'),
  () => randomBytes(24).toString('base64'),
  () => randomUUID(),
  () => randomBytes(6).toString('hex'),
];

/** An env file with fifty random values in the formats of real secrets. */
export function fiftySecrets(): string {
  return Array.from({ length: 50 }, (_, at) => `SECRET_${at}=${SHAPES[at % SHAPES.length]?.()}`).join('\n');
}
