import {
  choice,
  devOnly,
  type Given,
  integer,
  lifetime,
  needed,
  pattern,
  readLimits,
  readMetrics,
  readPublicUrl,
  type SettingValues,
} from './setting-values.ts';

/** Some of the settings' values; the variables of dev's credentials and of tests give one each. */
type Part = Partial<Omit<SettingValues, 'dev' | 'companion'>> & {
  readonly dev?: Partial<SettingValues['dev']>;
  readonly companion?: Partial<SettingValues['companion']>;
};

/** One setting, as docs/configuration.md and `--help` show it, and how it is read. */
export interface Setting<P extends Part = Part> {
  readonly name: string;
  readonly default: string;
  readonly meaning: string;
  /** Throws StartError, which does not repeat the value: it may be a secret. */
  read(given: Given): P;
}

/** Text that every reader of env files reads without quotes. */
const PLAIN = /^[A-Za-z0-9!%*+,./:=?@^_{}[\]-]{8,128}$/;
const PLAIN_RULE = '8 to 128 letters, digits or ! % * + , . / : = ? @ ^ _ { } [ ] -';
const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'];

/** Every variable of a server, in the order of the documentation. A flag of the same name in kebab case wins over it. */
export const SETTINGS = Object.freeze([
  setting('CSMS_HOST', '127.0.0.1', 'Listening address', ({ text }) => ({ host: text ?? '127.0.0.1' })),
  setting('CSMS_PORT', '4280', 'Listening port; 0 is any free one', (given) => ({
    port: integer(given, { min: 0, max: 65_535, otherwise: 4_280 }),
  })),
  setting('CSMS_DATA', '`dev`: `.csms`; `serve`: required', 'Data directory', (given) => ({
    dataDirectory: needed(given, 'the data directory') ?? '.csms',
  })),
  setting(
    'CSMS_ROOT_KEY',
    '`dev`: a file in the data directory; `serve`: required',
    'Root key source: `file:PATH`, `systemd:NAME`, `passphrase-file:PATH`, `env:NAME` (`dev` only)',
    (given) => ({ rootKey: needed(given, 'the root key source') }),
  ),
  setting(
    'CSMS_IDENTITIES',
    '`dev`: `identities.yaml` in the data directory; `serve`: required',
    'Identities file; read again when it changes',
    (given) => ({ identitiesFile: needed(given, 'the identities file') }),
  ),
  setting('CSMS_DEV_AK', 'generated once', '`dev` only: access key id', (given) => ({
    dev: { accessKeyId: devOnly(given, /^[A-Za-z0-9_-]{1,128}$/, '1 to 128 letters, digits, _ or -') },
  })),
  setting('CSMS_DEV_SK', 'generated once', '`dev` only: secret key', (given) => ({
    dev: { secretKey: devOnly(given, PLAIN, PLAIN_RULE) },
  })),
  setting(
    'CSMS_DEV_PROJECT_ID',
    'generated once',
    '`dev` only: project id, 32 lower-case letters or digits',
    (given) => ({ dev: { projectId: devOnly(given, /^[0-9a-z]{32}$/, '32 lower-case letters or digits') } }),
  ),
  setting('CSMS_DEV_PASSWORD', 'generated once', '`dev` only: password of the user `admin`', (given) => ({
    dev: { password: devOnly(given, PLAIN, PLAIN_RULE) },
  })),
  setting('CSMS_SEED', 'none', '`dev` only: seed file, applied at every start', (given) => ({
    companion: { seedFile: devOnly(given, /^[^\0]{1,4096}$/, 'a path') },
  })),
  setting(
    'CSMS_CONTROL_TOKEN',
    'generated once',
    '`dev` only: key of the control API, 16 to 128 letters, digits, `-`, `_`',
    (given) => ({
      companion: {
        controlToken: devOnly(given, /^[A-Za-z0-9_-]{16,128}$/, '16 to 128 letters, digits, - or _'),
      },
    }),
  ),
  setting(
    'CSMS_CONTROL_HOSTS',
    'none',
    '`dev` only: more host names of the control API, by commas',
    (given) => ({
      companion: { controlHosts: devOnly(given, /^[\x21-\x7e, ]{1,4096}$/, 'a list of hosts') ?? '' },
    }),
  ),
  setting(
    'CSMS_POLICY_LEARN',
    'none',
    '`dev` only: file to which each allowed action is added, for `policy suggest`',
    (given) => ({ policyLearnFile: devOnly(given, /^[^\0]{1,4096}$/, 'a path') }),
  ),
  setting('CSMS_WORLDS', '256', '`dev` only: worlds beside `main`, 1 to 1,000', (given) => ({
    companion: {
      worldsMax: integer({ ...given, text: devOnly(given, /^/, '') }, { min: 1, max: 1_000, otherwise: 256 }),
    },
  })),
  setting('CSMS_TLS_CERT', 'none', 'Certificate chain, PEM file; read again when it changes', ({ text }) => ({
    tlsCertFile: text,
  })),
  setting('CSMS_TLS_KEY', 'none', 'Private key of the certificate, PEM file', ({ text }) => ({
    tlsKeyFile: text,
  })),
  setting(
    'CSMS_TLS_CLIENT_CA',
    'none',
    'Authorities of client certificates, PEM file; read again when it changes',
    ({ text }) => ({ tlsClientCaFile: text }),
  ),
  setting('CSMS_ALLOW_HTTP', '0', '1 allows plain HTTP beyond loopback', (given) => ({
    allowHttp: choice(given, ['0', '1'], '0') === '1',
  })),
  setting(
    'CSMS_LOG_LEVEL',
    'info',
    '`trace`, `debug`, `info`, `warn`, `error`, `fatal` or `silent`',
    (given) => ({ logLevel: choice(given, LOG_LEVELS, 'info') }),
  ),
  setting(
    'CSMS_REGION',
    'local-1',
    'Region id shown in catalogues; `dev` names its project so at the first start',
    (given) => ({ region: pattern(given, /^[a-z0-9-]{1,64}$/, 'local-1') }),
  ),
  setting('CSMS_VERSION_CAP', 'prune', '`prune` or `reject` at one version too many', (given) => ({
    versionCap: choice(given, ['prune', 'reject'], 'prune'),
  })),
  setting('CSMS_NOT_FOUND_STATUS', '404', '404 or 400 for a missing secret, version or stage', (given) => ({
    notFoundStatus: choice(given, ['404', '400'], '404') === '400' ? 400 : 404,
  })),
  setting(
    'CSMS_LIMITS',
    'documented quotas',
    'Such as `secrets=5000,versions=20,stages=12,tags=20,events=30,value-bytes=65536`; `free-bytes=67108864`: changes are refused while less is free (default: 64 MiB, at most an eighth of the volume)',
    ({ text }) => readLimits(text),
  ),
  setting(
    'CSMS_UNSIGNED_PAYLOAD',
    'allow',
    '`allow` or `refuse` signatures that leave the body out',
    (given) => ({ unsignedPayload: choice(given, ['allow', 'refuse'], 'allow') }),
  ),
  setting('CSMS_THREADS', '1', 'HTTP threads; this release runs one whatever is set', (given) => ({
    warnings: integer(given, { min: 1, max: 64, otherwise: 1 }) > 1 ? [given.name] : [],
  })),
  setting('CSMS_RATE_LIMIT', 'off', 'Requests per second and user; more are answered 429', (given) => ({
    rateLimit:
      (given.text ?? 'off') === 'off' ? undefined : integer(given, { min: 1, max: 1_000_000, otherwise: 1 }),
  })),
  setting(
    'CSMS_TOKEN_LIFETIME',
    '24h',
    'How long a token is good for: `1m` to `24h`, a whole number with `s`, `m` or `h`',
    (given) => ({ tokenLifetimeMs: lifetime(given, '24h') }),
  ),
  setting(
    'CSMS_HOOKS',
    '`dev`: `hooks.yaml` in the data directory, may be absent; `serve`: none',
    'Where notification topics and rotation functions lead; read again when it changes',
    ({ text }) => ({ hooksFile: text }),
  ),
  setting(
    'CSMS_WEBHOOK_HOSTS',
    '`dev`: `loopback`; `serve`: none',
    'What hooks may call: `host`, `host:port`, networks of private addresses, `loopback`; such as `ops.example,10.2.0.0/16`',
    ({ text, mode }) => ({ webhookHosts: text ?? (mode === 'dev' ? 'loopback' : '') }),
  ),
  setting(
    'CSMS_PUBLIC_URL',
    'none',
    'Base URL under which clients reach the server, for addresses in answers and notifications',
    ({ text }) => ({ publicUrl: readPublicUrl(text) }),
  ),
  setting(
    'CSMS_ALLOWED_HOSTS',
    'none',
    'Plain HTTP on loopback answers to loopback hosts and these, such as `csms.example,csms.example:8080`',
    ({ text }) => ({ allowedHosts: text ?? '' }),
  ),
  setting(
    'CSMS_TRUSTED_PROXIES',
    'none',
    'Addresses and networks of proxies whose `X-Forwarded-For` counts, such as `10.0.0.5,10.2.0.0/16`',
    ({ text }) => ({ trustedProxies: text ?? '' }),
  ),
  setting(
    'CSMS_METRICS',
    '`dev`: on; `serve`: off',
    '`/metrics`: `on` for callers on loopback without a proxy between, `off`, or `HOST:PORT` for a listener of its own',
    ({ text, mode }) => ({ metrics: readMetrics(text ?? (mode === 'dev' ? 'on' : 'off')) }),
  ),
]);

function setting<P extends Part>(
  name: string,
  otherwise: string,
  meaning: string,
  read: (given: Given) => P,
): Setting<P> {
  return { name, default: otherwise, meaning, read };
}

/** What the rows of the table read together: a value that no row reads does not compile. */
export type AllSettings = Together<ReturnType<(typeof SETTINGS)[number]['read']>>;
type Together<U> = (U extends unknown ? (part: U) => void : never) extends (whole: infer I) => void
  ? I
  : never;

/** Variables of later releases. Ignoring one might seem safe when it is not, so setting it is refused. */
export const UNSUPPORTED: readonly string[] = [
  'CSMS_DATABASE_URL',
  'CSMS_ROOT_KEY_PREVIOUS',
  'CSMS_AUDIT_READS',
  'CSMS_AUDIT_HEAD',
  'CSMS_AUDIT_RETENTION',
  'CSMS_CONSOLE',
];
/** Variables of the client commands; they are no mistake in a server's environment. */
export const CLIENT_VARIABLES: readonly string[] = [
  'CSMS_ENDPOINT',
  'CSMS_USER',
  'CSMS_DOMAIN',
  'CSMS_PASSWORD',
  'CSMS_WORLD',
];
