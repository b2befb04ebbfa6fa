import { generateKeyPairSync, randomBytes, randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { secretsOfLines } from '../src/secrets/declare.ts';
import { prepare } from '../src/secrets/prepare.ts';
import { hitsOf } from './chains.ts';

const VALUE = `${randomBytes(9).toString('base64url')}7x`;
const RAW = `p/7x#${randomBytes(8).toString('base64url')}`;
const base64 = (text: string): string => Buffer.from(text).toString('base64');

const prepared = (text: string | Buffer, isConfiguration = false) =>
  prepare([{ id: 'file', value: Buffer.from(text), origin: 'a test', isConfiguration }]);

const FILES: [name: string, file: string | Buffer, value?: string][] = [
  ['.netrc on one line', `machine api.example.com login app password ${VALUE}`],
  [
    '.netrc on several lines',
    `machine a.example\n  login app\n  password ${VALUE}\n\nmachine b.example login x password y8Kf92jQmz`,
  ],
  ['.netrc with a comment and quotes', `# mine\nmachine a.example login app password "${VALUE}"\n`],
  ['.pgpass', `# hosts\ndb.internal:5432:*:app:${VALUE}\n`],
  ['.pgpass with an escaped colon', `db.internal:5432:blog:app:ab\\:${VALUE}`, `ab:${VALUE}`],
  [
    'application.yml',
    `spring:\n  datasource:\n    url: jdbc:postgresql://db/app\n    username: app\n    password: ${VALUE} # prod\n`,
  ],
  ['YAML of one line', `password: ${VALUE}`],
  ['YAML with quotes and a block', `db:\n  password: "${VALUE}"\nnote: |\n  two\n  lines\n`],
  ['YAML of several documents', `a: 1\n---\npassword: ${VALUE}\n`],
  ['kubeconfig', `apiVersion: v1\nkind: Config\nusers:\n- name: admin\n  user:\n    token: ${VALUE}\n`],
  ['a Kubernetes secret', `apiVersion: v1\nkind: Secret\ndata:\n  password: ${base64(VALUE)}\n`],
  ['INI', `[client]\nuser = app\npassword = ${VALUE}\n`],
  ['INI with colons', `[database]\nhost: db.internal\npassword: ${VALUE}\n`],
  ['INI with a comment', `[client]\nuser=app\npassword=${VALUE} ; note\n`],
  [
    'AWS credentials',
    `[default]\naws_access_key_id = AKIAIOSFODNN7EXAMPLE\naws_secret_access_key = ${VALUE}\n`,
  ],
  ['TOML', `title = "x"\n[db]\npassword = "${VALUE}" # prod\nport = 5432\n`],
  ['properties', `db.user=app\ndb.password=${VALUE}\n`],
  ['properties with colons', `# x\ndb.user: app\ndb.password: ${VALUE}\n`],
  [
    'settings.xml',
    `<?xml version="1.0"?>\n<settings><servers><server><id>nexus</id><username>app</username><password>${VALUE}</password></server></servers></settings>`,
  ],
  [
    'NuGet.config',
    `<configuration><packageSourceCredentials><feed><add key="Username" value="app"/><add key="ClearTextPassword" value="${VALUE}"/></feed></packageSourceCredentials></configuration>`,
  ],
  [
    'web.config',
    `<configuration><connectionStrings><add name="db" connectionString="Server=db;User Id=app;Password=${VALUE};"/></connectionStrings></configuration>`,
  ],
  [
    '.docker/config.json',
    JSON.stringify({ auths: { 'registry.example': { auth: base64(`app:${VALUE}`) } } }),
  ],
  [
    '.npmrc with _auth',
    `registry=https://registry.example/\n//registry.example/:_auth=${base64(`app:${VALUE}`)}\n`,
  ],
  ['.npmrc with _authToken', `//registry.example/:_authToken=${VALUE}\nalways-auth=true\n`],
  ['.npmrc of one line', `//registry.example/:_authToken=${VALUE}`],
  ['a Go DSN', `app:${VALUE}@tcp(db.internal:3306)/blog?parseTime=true`],
  ['JDBC', `jdbc:postgresql://db.internal/blog?user=app&password=${VALUE}`],
  [
    'JDBC of SQL Server',
    `jdbc:sqlserver://db.internal:1433;databaseName=blog;user=app;password=${VALUE};encrypt=true`,
  ],
  ['JDBC of Oracle', `jdbc:oracle:thin:app/${VALUE}@db.internal:1521:blog`],
  ['several URLs', `postgres://a:y8Kf92jQmz@db/one\npostgres://b:${VALUE}@db/two\n`],
  ['several URLs on a line', `redis://a:y8Kf92jQmz@db/one, redis://b:${VALUE}@db/two`],
  ['.git-credentials', `https://app:${VALUE}@git.example\nhttps://x:y8Kf92jQmz@other.example\n`],
  ['.git/config', `[remote "origin"]\n\turl = https://app:${VALUE}@git.example/a.git\n`],
  [
    '.git/config with a header',
    `[http "https://git.example/"]\n\textraheader = AUTHORIZATION: basic ${base64(`x-access-token:${VALUE}`)}\n`,
  ],
  ['an assignment with a comment', `TOKEN=${VALUE} # mine\nOTHER=1\n`],
  ['one assignment with a comment', `TOKEN=${VALUE} # mine`],
  ['an exported assignment', `export TOKEN='${VALUE}'\nexport A=1`],
  ['a # in a value that is not quoted', `TOKEN=ab#${VALUE}\nA=1`, `ab#${VALUE}`],
  ['a file with a byte order mark', `\ufeffTOKEN=${VALUE}\nA=1\n`],
  ['a value with a byte order mark', `\ufeff${VALUE}`],
  ['UTF-16 of PowerShell', Buffer.from(`\ufeffTOKEN=${VALUE}\r\nA=1\r\n`, 'utf16le')],
  ['UTF-16 without a mark', Buffer.from(VALUE, 'utf16le')],
  ['a URL with a raw # and / in its password', `postgresql://app:${RAW}@db.internal/blog`, RAW],
  ['a JSON secret', JSON.stringify({ host: 'db.internal', username: 'app', password: VALUE })],
  ['JSON in a variable', `GOOGLE={"type":"service_account","client_secret":"${VALUE}"}`],
  ['Bearer', `Authorization: Bearer ${VALUE}`],
];

describe('only the value in a secret file is searched for', () => {
  it.each(FILES)('%s', (_name, file, value = VALUE) => {
    expect(
      hitsOf(Buffer.from(file) as Buffer, Buffer.from(`only ${value} leaked`)),
      String(prepared(file).description),
    ).toHaveLength(1);
    expect(prepared(file).warnings.filter((warning) => /format is not known/.test(warning))).toEqual([]);
  });
});

const { privateKey, publicKey } = generateKeyPairSync('rsa', {
  modulusLength: 2048,
  publicKeyEncoding: { type: 'spki', format: 'pem' },
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
});
const signed = (claims: object) =>
  [{ alg: 'HS256', typ: 'JWT' }, claims]
    .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
    .join('.');
const claims = (role: string) => ({
  iss: 'supabase',
  ref: 'abcdefghijklmnopqrst',
  role,
  iat: 1700000000,
  exp: 2000000000,
});
const account = {
  type: 'service_account',
  project_id: 'my-project-12345',
  private_key_id: randomBytes(20).toString('hex'),
  private_key: privateKey,
  client_email: 'builder@my-project-12345.iam.gserviceaccount.com',
  client_id: '123456789012345678901',
  auth_uri: 'https://accounts.google.com/o/oauth2/auth',
  token_uri: 'https://oauth2.googleapis.com/token',
  universe_domain: 'googleapis.com',
};

describe('public data is not searched for', () => {
  it.each([
    [
      'the constants of a service account',
      JSON.stringify(account),
      JSON.stringify({ ...account, private_key: '' }),
    ],
    [
      'the claims of a JWT',
      `${signed(claims('service_role'))}.${randomBytes(32).toString('base64url')}`,
      `${signed(claims('anon'))}.${randomBytes(32).toString('base64url')}`,
    ],
    ['a public key next to the private one', `${privateKey}${publicKey}`, publicKey],
    ['the public half of a key', privateKey, publicKey.replaceAll('\n', '')],
    [
      'the host of a JSON secret',
      JSON.stringify({ host: 'db-1.prod.internal', password: VALUE }),
      'db-1.prod.internal',
    ],
  ])('%s', (_name, secret, text) => {
    expect(hitsOf(secret, Buffer.from(text))).toEqual([]);
    expect(prepared(secret).unsearchable).toEqual([]);
  });

  it('but the private key is', () => {
    expect(hitsOf(JSON.stringify(account), Buffer.from(privateKey)).length).toBeGreaterThan(5);
  });
});

describe('a file in an unknown format', () => {
  it('is searched for line by line, with a warning', () => {
    expect(prepared('first x7Kf92jQmz\nsecond y8Kf92jQmz').warnings.join()).toMatch(/format is not known/);
  });

  it.each([
    ['PHP', "<?php\ndefine('DB_PASSWORD', 'VALUE');\ndefine('DB_HOST', 'x');\n"],
    ['users and passwords', 'admin:VALUE\nbob:Aa11Bb22Cc33\n'],
    ['CSV', 'user,password\nbob,VALUE\n'],
    ['a command', 'curl -u app:VALUE https://api.example'],
    ['a sentence', 'the password is VALUE\nkeep it safe\n'],
    ['JSON lines', '{"password":"Aa11Bb22Cc33"}\n{"password":"VALUE"}\n'],
  ])('is searched for its random words: %s', (_name, text) => {
    const random = randomBytes(12).toString('hex');
    expect(hitsOf(text.replace('VALUE', random), Buffer.from(`x="${random}"`))).not.toEqual([]);
  });
});

describe('a random value in an env file', () => {
  it.each(['API_TOKEN', 'SECRET_7', 'PASSWORD', 'X'])('is searched for as %s', (name) => {
    for (let draw = 0; draw < 60; draw += 1) {
      for (const value of [
        randomBytes(16).toString('hex'),
        randomBytes(24).toString('base64'),
        randomUUID(),
        '/VYgnfTFQeHk/z/lM3mESp/geON8s1Sf',
      ]) {
        const [secret] = secretsOfLines(`${name}=${value}`, '.env');
        expect(secret && prepare([secret]).search.parts, value).not.toEqual([]);
      }
    }
  });
});
