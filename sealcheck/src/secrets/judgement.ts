/** Decides by name and value whether something in a configuration is a secret. */

// The last word of a name says what it is: AUTH_TOKEN is a token, TOKEN_URL an address.
const credentialName =
  /(?:pass(?:word|wd|phrase|code)?|pwd|secret|token|key|keys|credentials?|auth|pat|dsn|webhook|signature|sig|salt|pepper|cookie|connectionstring|jwt|bearer|authorization|session|sessionid)$/;
const publicName =
  /(?:host|hostname|server|address|addr|port|region|zone|env|environment|type|kind|engine|driver|dialect|provider|scheme|protocol|database|db|dbname|schema|user|username|login|email|mail|project|name|url|uri|endpoint|origin|issuer|audience|scopes?|version|level|mode|locale|lang|language|tz|timezone|bucket|namespace|cluster|context|alg|algorithm|domain|path|dir|file|format|charset|title|description|machine|registry|expiry|expiresin|ttl|timeout|length|size|count|limit|author|model|from|runtime|sdk|repository|policy|agent)$/;
// Identities and certificates, which look random but are public.
const identityName =
  /(?:id|identifier|certificate|certificatedata|certificateauthoritydata|cert|crt|certurl|cacert|ca|hash|digest|checksum|integrity|fingerprint|thumbprint|sha\d*|commit|revision|image|tag|release|options|opts|flags|args|brokers|attributes|schedule|cron)$/;
const randomValue = /^(?=.*\d)(?=.*[A-Za-z])[^\s.]{12,}$/;
const publicKeyName =
  /(?:public|publishable|anon|site|measurement|foreign|primary|partition|sort|cache)_?key(?:id)?$/;
const publishedPrefix =
  /^(?:NEXT_PUBLIC|VITE|REACT_APP|PUBLIC|NUXT_PUBLIC|GATSBY|EXPO_PUBLIC|VUE_APP|STORYBOOK)_/;
const credentialInPublished = /SECRET|TOKEN|PASSWORD|PASSWD|PRIVATE|CREDENTIAL/;

/** Whether a framework includes the variable in what it sends to browsers. */
export const isPublishedName = (name: string): boolean => publishedPrefix.test(name);

// Never a secret, whatever its name.
const plainValues: readonly RegExp[] = [
  /^(?:true|false|yes|no|on|off|null|none|undefined|~)$/i,
  // Numbers, durations, sizes, versions, dates.
  /^[+-]?[\d.,_]{1,12}\s?(?:ms|s|m|h|d|w|y|[kmgt]i?b?|px|%)?$/i,
  /^v?\d+(?:\.\d+){1,3}(?:[-+][a-z.]*\d*)?$/i,
  /^\d{4}-\d{2}-\d{2}(?:[T ][\d:.]+(?:Z|[+-][\d:]+)?)?$/,
];

const filePath = /^(?:\.{0,2}|~|[A-Za-z]:)[\\/][\w .\\/@-]*$/;
const randomSegment = /(?=[\w-]*\d)(?=[\w-]*[a-z])(?=[\w-]*[A-Z])[\w-]{10,}/;

// Letters alone may also be random: more capitals within a word than a name has.
const mixedLetters = /[A-Za-z]*[a-z][A-Z]+[a-z]+[A-Z][A-Za-z]*[a-z][A-Z]/;

// Not a secret unless its name says so.
const publicValues: readonly RegExp[] = [
  // Network and e-mail addresses.
  /^(?:[\w-]+\.)+[a-z]{2,}(?::\d+)?(?:\/[a-z/._-]*)?$/i,
  /^(?:localhost|\d{1,3}(?:\.\d{1,3}){3})(?::\d+)?(?:\/\d{1,2})?$/i,
  /^(?:[\w .'-]+ <)?[\w.+-]+@[\w-]+(?:\.[\w-]+)+>?$/,
  // us-east-1, Europe/Berlin, en_US.UTF-8, text/html
  /^[a-z]{2,}(?:-[a-z]+)+-?\d{1,2}[a-z]?$/i,
  /^[A-Z][a-z]+\/[A-Z][A-Za-z_]+$/,
  /^[a-z]{2,3}[-_][A-Z]{2}(?:\.[\w-]+)?$/,
  /^[a-z]+\/[a-z0-9.+-]+$/,
  // Made for browsers: Stripe, Google Analytics, Mapbox, Google's client ids.
  /^pk_(?:live|test)_\w+$/,
  /^(?:G|UA|GTM|AW)-[A-Z0-9-]+$/,
  /^pk\.eyJ/,
  /\.apps\.googleusercontent\.com$/,
];

/** Whether a path is more likely random base64: it has a random segment, or more capitals and digits than names have. */
function isRandomPath(path: string): boolean {
  const others = path.replace(/[^A-Z\d]/g, '').length;
  return (
    randomSegment.test(path) || mixedLetters.test(path) || (/\d/.test(path) && others > path.length * 0.35)
  );
}

const publicUrl = /^[a-z][a-z0-9+.-]*:\/\/(?![^\s/?#]*@)[^\s]*$/i;
const sentryDsn = /^https:\/\/[0-9a-f]{32}@[\w.-]*sentry\.io\/\d+$/;
// hooks.slack.com/services/T0/B0/x7Hk…: knowing the address is enough to use it.
const hasCapability =
  /[?&#][\w.-]*(?:token|key|secret|sig|password|auth)[\w.-]*=|\/(?=[\w-]*\d)(?=[\w-]*[A-Za-z])[\w-]{18,}(?=[/?#]|$)/i;

const lastWord = (path: string): string =>
  (path.split('.').at(-1) ?? path).toLowerCase().replace(/[\s_-]|\d+$/g, '');
const isPublicUrl = (value: string): boolean => publicUrl.test(value) && !hasCapability.test(value);
const hasPassword = /:\/\/[^\s@/]*:\S+@/;

/** Whether a value has letters and digits as only random values do. */
export const looksRandom = (value: string): boolean => randomValue.test(value);

/** Whether a name says that its value is a credential. */
export const isCredentialName = (path: string): boolean => credentialName.test(lastWord(path));

/** Whether a value is made for browsers, whatever it looks like: a publishable key, a Sentry DSN, a public variable. */
export function isMadePublic(path: string, value: string): boolean {
  if (sentryDsn.test(value) || publicKeyName.test(path.toLowerCase())) return true;
  return isPublishedName(path) && !credentialInPublished.test(path) && !hasPassword.test(value);
}

/**
 * Whether a value is a secret according to its name and form. In a file that is declared a secret, everything is,
 * except evidently public values; in other files (`isConfiguration`), what has a credential's name or looks random.
 */
export function isSecret(path: string, value: string, isConfiguration: boolean): boolean {
  const name = lastWord(path);
  const isPath = filePath.test(value) && !isRandomPath(value);
  if (isPath || plainValues.some((kind) => kind.test(value)) || isPublicUrl(value)) return false;
  if (credentialName.test(name) || (isPublishedName(path) && credentialInPublished.test(path))) return true;
  if (publicValues.some((kind) => kind.test(value)) && !randomSegment.test(value)) return false;
  if (identityName.test(name) || (publicName.test(name) && !looksRandom(value))) return false;
  // Plain words, with a short number at most.
  const isWords = /^[\p{L} _.,:;/'"()!?&@+-]+\d{0,4}[\s.!]*$/u.test(value) && !mixedLetters.test(value);
  return !(isConfiguration && isWords);
}
