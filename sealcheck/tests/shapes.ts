import { generateKeyPairSync, randomBytes, randomUUID } from 'node:crypto';

/** Real shapes of env files, YAML and JSON. «…» stands for a random secret of a kind; everything else is public. */
const TEMPLATES: Readonly<Record<string, string>> = {
  'next.env':
    'NODE_ENV=production\nPORT=3000\nNEXT_PUBLIC_APP_URL=https://app.example.com\nDATABASE_URL=postgresql://blog:«pw»@db.internal:5432/blog?schema=public\nNEXTAUTH_URL=https://app.example.com\nNEXTAUTH_SECRET=«b64»',
  'vite.env':
    'VITE_API_URL=https://api.example.com/v1\nVITE_APP_TITLE="My Shop"\nVITE_SENTRY_DSN=https://0123456789abcdef0123456789abcdef@o12345.ingest.sentry.io/67890\nAPI_TOKEN=«hex»',
  'stripe.env':
    'STRIPE_PUBLISHABLE_KEY=pk_live_51HqAbCdEfGhIjKlMnOpQrStUv\nSTRIPE_SECRET_KEY=sk_live_«alnum»\nSTRIPE_WEBHOOK_SECRET=whsec_«alnum»\nSTRIPE_API_VERSION=2024-06-20\nCURRENCY=eur',
  'aws.env':
    'AWS_REGION=eu-central-1\nAWS_DEFAULT_REGION=eu-central-1\nAWS_ACCESS_KEY_ID=AKIA«upper»\nAWS_SECRET_ACCESS_KEY=«b64»\nS3_BUCKET=my-bucket\nS3_ENDPOINT=https://s3.eu-central-1.amazonaws.com',
  'rails.env':
    'RAILS_ENV=production\nRAILS_LOG_TO_STDOUT=true\nRAILS_MAX_THREADS=5\nSECRET_KEY_BASE=«hex»«hex»\nREDIS_URL=redis://:«pw»@cache:6379/0',
  'django.env':
    "DEBUG=False\nDJANGO_SETTINGS_MODULE=config.settings.production\nALLOWED_HOSTS=example.com,www.example.com\nSECRET_KEY='«pw»«pw»'\nTIME_ZONE=Europe/Berlin\nLANGUAGE_CODE=en-us",
  'laravel.env':
    'APP_NAME=Laravel\nAPP_ENV=production\nAPP_KEY=base64:«b64»\nAPP_DEBUG=false\nLOG_CHANNEL=stack\nDB_CONNECTION=mysql\nDB_HOST=127.0.0.1\nDB_PORT=3306\nDB_DATABASE=laravel\nDB_USERNAME=root\nDB_PASSWORD=«pw»\nCACHE_DRIVER=file\nQUEUE_CONNECTION=sync\nSESSION_LIFETIME=120',
  'smtp.env':
    'SMTP_HOST=smtp.example.com\nSMTP_PORT=587\nSMTP_USER=mailer@example.com\nSMTP_PASS=«pw»\nMAIL_FROM="Blog <no-reply@example.com>"\nSMTP_SECURE=true',
  'supabase.env':
    'NEXT_PUBLIC_SUPABASE_URL=https://abcdefghijklmnopqrst.supabase.co\nSUPABASE_SERVICE_ROLE_KEY=«jwt»\nSUPABASE_DB_PASSWORD=«pw»',
  'firebase.env':
    'FIREBASE_PROJECT_ID=my-project-12345\nFIREBASE_CLIENT_EMAIL=firebase-adminsdk@my-project-12345.iam.gserviceaccount.com\nFIREBASE_PRIVATE_KEY="«key»"\nFIREBASE_AUTH_DOMAIN=my-project-12345.firebaseapp.com',
  'github.env':
    'GITHUB_REPOSITORY=owner/name\nGITHUB_API_URL=https://api.github.com\nGITHUB_TOKEN=ghp_«alnum»\nGITHUB_APP_ID=123456\nCI=true',
  'openai.env':
    'OPENAI_MODEL=gpt-4o-mini\nOPENAI_BASE_URL=https://api.openai.com/v1\nOPENAI_API_KEY=sk-proj-«alnum»\nOPENAI_MAX_TOKENS=4096\nTEMPERATURE=0.7',
  'auth0.env':
    'AUTH0_DOMAIN=tenant.eu.auth0.com\nAUTH0_CLIENT_SECRET=«hex»\nAUTH0_AUDIENCE=https://api.example.com\nAUTH0_SCOPE="openid profile email"',
  'compose.env':
    'COMPOSE_PROJECT_NAME=blog\nPOSTGRES_USER=blog\nPOSTGRES_DB=blog\nPOSTGRES_PASSWORD=«pw»\nPGDATA=/var/lib/postgresql/data\nTZ=UTC',
  'exported.env':
    'export PATH="$HOME/bin:$PATH"\nexport EDITOR=vim\nexport LANG=en_US.UTF-8\nexport NPM_TOKEN=npm_«alnum»\nexport NODE_OPTIONS=--max-old-space-size=4096',
  'comments.env':
    '# the database\nDB_PASSWORD=«pw» # rotate in March\n# the port\nPORT=8080 # behind nginx\nLOG_LEVEL=info',
  'quotes.env': `NAME="production"\nMESSAGE='Hello, world'\nCOOKIE_SECRET="«b64»"\nCOOKIE_DOMAIN=.example.com\nCOOKIE_NAME=session`,
  'twilio.env': 'TWILIO_AUTH_TOKEN=«hex»\nTWILIO_PHONE_NUMBER=+15005550006\nSUPPORT_EMAIL=help@example.com',
  'algolia.env': 'ALGOLIA_INDEX_NAME=posts\nALGOLIA_ADMIN_KEY=«hex»\nALGOLIA_REGION=de\nENABLE_SEARCH=true',
  'mongo.env':
    'MONGODB_URI=mongodb+srv://app:«alnum»@cluster0.ab1cd.mongodb.net/blog?retryWrites=true&w=majority\nMONGODB_DB=blog',
  'kafka.env':
    'KAFKA_BROKERS=broker-1.example.com:9092,broker-2.example.com:9092\nKAFKA_SASL_USERNAME=app\nKAFKA_SASL_PASSWORD=«pw»\nKAFKA_CLIENT_ID=blog-service\nKAFKA_GROUP_ID=blog',
  'features.env':
    'FEATURE_NEW_CHECKOUT=on\nRATE_LIMIT=100\nTIMEOUT_MS=30000\nJWT_EXPIRES_IN=7d\nJWT_ALGORITHM=HS256\nJWT_SECRET=«b64»',
  'build.env':
    'VERSION=1.24.3\nCOMMIT_SHA=0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c\nBUILD_DATE=2026-01-31T12:00:00Z\nIMAGE_TAG=node:22-alpine\nDEPLOY_TOKEN=«alnum»',
  'paths.env':
    'SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt\nUPLOAD_DIR=./public/uploads\nTMPDIR=/tmp\nLOG_FILE=/var/log/app/app.log\nENCRYPTION_KEY=«hex»',
  'kubeconfig.yaml':
    'apiVersion: v1\nkind: Config\ncurrent-context: prod\nclusters:\n- name: prod\n  cluster:\n    server: https://10.0.0.1:6443\ncontexts:\n- name: prod\n  context: { cluster: prod, user: admin, namespace: default }\nusers:\n- name: admin\n  user:\n    token: «jwt»',
  'application.yaml':
    'server:\n  port: 8080\nspring:\n  application:\n    name: blog-service\n  datasource:\n    url: jdbc:postgresql://db.internal:5432/blog\n    username: blog\n    password: «alnum»\n    driver-class-name: org.postgresql.Driver\n  jpa:\n    hibernate:\n      ddl-auto: validate\nlogging:\n  level:\n    root: INFO',
  'secret.yaml':
    'apiVersion: v1\nkind: Secret\nmetadata:\n  name: blog-database\n  namespace: production\n  labels: { app.kubernetes.io/name: blog }\ntype: Opaque\nstringData:\n  username: blog\n  password: «alnum»',
  'compose.yaml':
    'services:\n  app:\n    image: ghcr.io/owner/app:1.2.3\n    ports: ["3000:3000"]\n    environment:\n      NODE_ENV: production\n      DB_PASSWORD: «alnum»\n    restart: unless-stopped\n  db:\n    image: postgres:18',
  'values.yaml':
    'replicaCount: 2\nimage:\n  repository: ghcr.io/owner/app\n  tag: v1.2.3\n  pullPolicy: IfNotPresent\nservice:\n  type: ClusterIP\n  port: 80\nauth:\n  adminPassword: «alnum»\nresources:\n  limits: { cpu: 500m, memory: 512Mi }',
  'github.yaml': 'github.com:\n  user: octocat\n  oauth_token: gho_«alnum»\n  git_protocol: https',
  'database.yaml':
    'default: &default\n  adapter: postgresql\n  encoding: unicode\n  pool: 5\nproduction:\n  <<: *default\n  database: blog_production\n  username: blog\n  password: «alnum»\n  host: db.internal',
  'pubspec.yaml': 'name: app\nversion: 1.0.0+1\nenvironment:\n  sdk: ">=3.0.0 <4.0.0"\nmaps_secret: «alnum»',
  'serverless.yaml':
    'service: blog\nprovider:\n  name: aws\n  runtime: nodejs22.x\n  region: eu-central-1\n  stage: prod\n  environment:\n    TABLE_NAME: posts\n    SESSION_SECRET: «hex»',
  'yarnrc.yaml':
    'nodeLinker: node-modules\nnpmRegistryServer: "https://registry.example.com"\nnpmAuthToken: "«alnum»"\nenableTelemetry: false',
  'clouds.yaml':
    'clouds:\n  prod:\n    auth:\n      auth_url: https://keystone.example.com:5000/v3\n      username: deploy\n      password: «alnum»\n      project_name: blog\n      user_domain_name: Default\n    region_name: RegionOne\n    interface: public',
  'prometheus.yaml':
    'global:\n  scrape_interval: 15s\nscrape_configs:\n- job_name: app\n  metrics_path: /metrics\n  scheme: https\n  basic_auth:\n    username: prometheus\n    password: «alnum»\n  static_configs:\n  - targets: ["app.example.com:443"]',
  'ansible.yaml':
    'ansible_user: deploy\nansible_port: 22\nansible_python_interpreter: /usr/bin/python3\nansible_become_password: «alnum»',
  'openapi.yaml':
    'openapi: 3.1.0\ninfo: { title: Blog API, version: 1.0.0 }\nservers:\n- url: https://api.example.com/v1\nx-api-key: «hex»',
  'service-account.json':
    '{"type":"service_account","project_id":"my-project-12345","private_key_id":"«hex»","private_key":"«key»","client_email":"builder@my-project-12345.iam.gserviceaccount.com","client_id":"123456789012345678901","auth_uri":"https://accounts.google.com/o/oauth2/auth","token_uri":"https://oauth2.googleapis.com/token","auth_provider_x509_cert_url":"https://www.googleapis.com/oauth2/v1/certs","universe_domain":"googleapis.com"}',
  'rds.json':
    '{"engine":"postgres","host":"db-1.abc123xyz.eu-central-1.rds.amazonaws.com","port":5432,"username":"blog","password":"«alnum»","dbname":"blog","dbInstanceIdentifier":"db-1"}',
  'docker-config.json':
    '{"auths":{"ghcr.io":{"auth":"«basic»"}},"credsStore":"","HttpHeaders":{"User-Agent":"Docker-Client/27.0.3 (linux)"}}',
  'appsettings.json':
    '{"Logging":{"LogLevel":{"Default":"Information","Microsoft.AspNetCore":"Warning"}},"AllowedHosts":"*","ConnectionStrings":{"Default":"Server=db;Database=Blog;User Id=blog;Password=«alnum»;Encrypt=True"}}',
  'azure.json':
    '{"clientSecret":"«alnum»","activeDirectoryEndpointUrl":"https://login.microsoftonline.com","resourceManagerEndpointUrl":"https://management.azure.com/","managementEndpointUrl":"https://management.core.windows.net/"}',
  'composer-auth.json':
    '{"http-basic":{"repo.example.com":{"username":"token","password":"«alnum»"}},"github-oauth":{}}',
  'local.settings.json':
    '{"IsEncrypted":false,"Values":{"FUNCTIONS_WORKER_RUNTIME":"node","WEBSITE_NODE_DEFAULT_VERSION":"~22","AzureWebJobsStorage":"DefaultEndpointsProtocol=https;AccountName=blog;AccountKey=«b64»;EndpointSuffix=core.windows.net"}}',
  'oauth.json':
    '{"web":{"client_id":"1234567890-abcdefghijklmnop.apps.googleusercontent.com","project_id":"my-project-12345","auth_uri":"https://accounts.google.com/o/oauth2/auth","token_uri":"https://oauth2.googleapis.com/token","client_secret":"GOCSPX-«alnum»","redirect_uris":["https://app.example.com/callback"],"javascript_origins":["https://app.example.com"]}}',
  'config.json':
    '{"name":"blog","version":"2.1.0","private":true,"environment":"production","log":{"level":"info","format":"json"},"session":{"secret":"«hex»","maxAge":86400000,"cookieName":"sid"}}',
  'vault.json':
    '{"request_id":"«uuid»","lease_duration":2764800,"renewable":false,"data":{"data":{"username":"blog","password":"«alnum»"},"metadata":{"created_time":"2026-01-31T12:00:00.000000Z","version":3}}}',
  'firebase-config.json':
    '{"authDomain":"my-project-12345.firebaseapp.com","databaseURL":"https://my-project-12345.firebaseio.com","storageBucket":"my-project-12345.appspot.com","messagingSenderId":"123456789012","serverToken":"«alnum»"}',
  'cypress.json':
    '{"baseUrl":"http://localhost:3000","video":false,"viewportWidth":1280,"env":{"apiUrl":"http://localhost:4000","adminPassword":"«alnum»"}}',
};

const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';
const drawn = (length: number, letters: string): string =>
  Array.from(randomBytes(length), (byte) => letters[byte % letters.length]).join('');

const KINDS: Readonly<Record<string, () => string>> = {
  alnum: () => drawn(32, LETTERS),
  upper: () => drawn(16, LETTERS.slice(0, 26)),
  hex: () => randomBytes(20).toString('hex'),
  b64: () => randomBytes(32).toString('base64'),
  pw: () => `${drawn(6, LETTERS)}${drawn(6, '.-_~+*')}${drawn(8, LETTERS)}`,
  uuid: randomUUID,
  basic: () => Buffer.from(`owner:${drawn(24, LETTERS)}`).toString('base64'),
  jwt: () =>
    [
      { alg: 'HS256', typ: 'JWT' },
      { iss: 'supabase', role: 'service_role' },
    ]
      .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
      .concat(randomBytes(32).toString('base64url'))
      .join('.'),
  key: () =>
    generateKeyPairSync('ed25519')
      .privateKey.export({ type: 'pkcs8', format: 'pem' })
      .toString()
      .replaceAll('\n', '\\n'),
};

/** The shapes by file name, each time with other random secrets. */
export const shapes = (): { name: string; text: string }[] =>
  Object.entries(TEMPLATES).map(([name, template]) => ({
    name,
    text: template.replace(/«(\w+)»/g, (_, kind: string) => KINDS[kind]?.() ?? ''),
  }));
