import type { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { databaseUrlOf, isCredentials } from './database-credentials.ts';
import { type SecretStore, StoreError } from './store.ts';

const NAME = 'AWS Secrets Manager';

/** Permanent errors of the SDK: credentials are missing, invalid or lack the permission. */
const PERMANENT =
  /AccessDenied|CredentialsProvider|UnrecognizedClient|InvalidSignature|ExpiredToken|InvalidClientTokenId|Decryption/;

/** Which secrets to read. Region, endpoint and credentials are settings of the SDK itself. */
export type AwsSettings = {
  /** Name or ARN of a single secret that contains all values as JSON. */
  id?: string | undefined;
  /** Without an `id`: the prefix of each secret's name, such as `blog/`. */
  prefix?: string | undefined;
};

/**
 * AWS Secrets Manager; see https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_GetSecretValue.html.
 * DATABASE_URL may also be what AWS rotates: JSON with user, password and host.
 */
export async function awsSecretsManager({ id, prefix = '' }: AwsSettings): Promise<SecretStore> {
  // Loaded on demand: the package is large, and few installations use this store.
  const { SecretsManagerClient: Client } = await import('@aws-sdk/client-secrets-manager');
  const client = new Client({ maxAttempts: 1 });
  await client.config.region().catch((cause: unknown) => {
    throw new StoreError(`${NAME}: no region is set. Set AWS_REGION.`, { transient: false, cause });
  });
  return {
    name: NAME,
    read: async (names, signal) => {
      if (id !== undefined) return fromJson(names, id, await textOf(client, id, signal));
      const texts = await Promise.all(
        names.map(async (name) => [name, await textOf(client, prefix + name, signal)] as const),
      );
      const found = new Map<string, string>();
      for (const [name, text] of texts)
        if (text !== undefined) found.set(name, textFor(name, text, prefix + name));
      return found;
    },
  };
}

async function textOf(
  client: SecretsManagerClient,
  id: string,
  abortSignal: AbortSignal,
): Promise<string | undefined> {
  const { GetSecretValueCommand } = await import('@aws-sdk/client-secrets-manager');
  try {
    // Without the stage, the response may be the version before the last rotation.
    const command = new GetSecretValueCommand({ SecretId: id, VersionStage: 'AWSCURRENT' });
    const { SecretString, SecretBinary } = await client.send(command, { abortSignal });
    return SecretString ?? (SecretBinary && Buffer.from(SecretBinary).toString('utf8'));
  } catch (error) {
    const code = codeOf(error);
    if (code === 'ResourceNotFoundException') return undefined;
    throw problem(code, id, error);
  }
}

/** The error code of AWS, or of the system if AWS could not be reached. */
function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return '';
  return error.name === 'Error' && 'code' in error ? String(error.code) : error.name;
}

function problem(code: string, id: string, cause: unknown): StoreError {
  const refuse = (message: string) => new StoreError(message, { transient: false, cause });
  if (code === 'InvalidRequestException')
    return refuse(`${NAME}: the secret "${id}" is marked for deletion. Restore it.`);
  if (PERMANENT.test(code)) {
    return refuse(
      `${NAME} does not let this process read "${id}" (${code}). Allow its role secretsmanager:GetSecretValue, and kms:Decrypt if it has its own key.`,
    );
  }
  return new StoreError(`${NAME} did not answer for "${id}" (${code || 'no reason given'}).`, {
    transient: true,
    cause,
  });
}

function fromJson(names: readonly string[], id: string, text: string | undefined): Map<string, string> {
  const refuse = (what: string) => new StoreError(`${NAME}: ${what}`, { transient: false });
  if (text === undefined) throw refuse(`there is no secret "${id}". Check SECRETS_STORE_ID and the region.`);
  const fields = parsed(text);
  if (!fields) throw refuse(`the secret "${id}" is not a JSON object. Write it as {"DATABASE_URL": "…"}.`);
  const found = new Map<string, string>();
  for (const name of names) {
    const value = fields[name];
    if (typeof value === 'string') found.set(name, textFor(name, value, id));
  }
  if (isCredentials(fields) && names.includes('DATABASE_URL') && !found.has('DATABASE_URL'))
    found.set('DATABASE_URL', urlOf(fields, id));
  return found;
}

function textFor(name: string, text: string, id: string): string {
  const fields = name === 'DATABASE_URL' ? parsed(text) : undefined;
  return fields && isCredentials(fields) ? urlOf(fields, id) : text;
}

function urlOf(fields: Parameters<typeof databaseUrlOf>[0], id: string): string {
  const made = databaseUrlOf(fields);
  if ('url' in made) return made.url;
  throw new StoreError(`${NAME}: the JSON of "${id}" ${made.problem}`, { transient: false });
}

function parsed(text: string): Record<string, unknown> | undefined {
  try {
    const content: unknown = JSON.parse(text);
    const isObject = typeof content === 'object' && content !== null && !Array.isArray(content);
    return isObject ? (content as Record<string, unknown>) : undefined;
  } catch {
    // The parser's message would quote the value.
    return undefined;
  }
}
