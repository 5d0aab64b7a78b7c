/** One setting, as the README's table and `--help` show it. */
export interface Setting {
  readonly name: string;
  readonly default: string;
  readonly meaning: string;
}

/** Every variable of a server, in the order of the documentation. A flag of the same name in kebab case wins over it. */
export const SETTINGS: readonly Setting[] = Object.freeze([
  { name: 'CSMS_HOST', default: '127.0.0.1', meaning: 'Listening address' },
  { name: 'CSMS_PORT', default: '4280', meaning: 'Listening port; 0 is any free one' },
  { name: 'CSMS_DATA', default: '`dev`: `.csms`; `serve`: required', meaning: 'Data directory' },
  {
    name: 'CSMS_ROOT_KEY',
    default: '`dev`: a file in the data directory; `serve`: required',
    meaning: 'Root key source: `file:PATH`, `systemd:NAME`, `passphrase-file:PATH`, `env:NAME` (`dev` only)',
  },
  {
    name: 'CSMS_IDENTITIES',
    default: '`dev`: `identities.yaml` in the data directory; `serve`: required',
    meaning: 'Identities file; read again when it changes',
  },
  { name: 'CSMS_DEV_AK', default: 'generated once', meaning: '`dev` only: access key id' },
  { name: 'CSMS_DEV_SK', default: 'generated once', meaning: '`dev` only: secret key' },
  {
    name: 'CSMS_DEV_PROJECT_ID',
    default: 'generated once',
    meaning: '`dev` only: project id, 32 lower-case letters or digits',
  },
  {
    name: 'CSMS_DEV_PASSWORD',
    default: 'generated once',
    meaning: '`dev` only: password of the user `admin`',
  },
  {
    name: 'CSMS_TLS_CERT',
    default: 'none',
    meaning: 'Certificate chain, PEM file; read again when it changes',
  },
  { name: 'CSMS_TLS_KEY', default: 'none', meaning: 'Private key of the certificate, PEM file' },
  { name: 'CSMS_ALLOW_HTTP', default: '0', meaning: '1 allows plain HTTP beyond loopback' },
  {
    name: 'CSMS_LOG_LEVEL',
    default: 'info',
    meaning: '`trace`, `debug`, `info`, `warn`, `error`, `fatal` or `silent`',
  },
  {
    name: 'CSMS_REGION',
    default: 'local-1',
    meaning: 'Region id shown in catalogues; `dev` names its project so at the first start',
  },
  { name: 'CSMS_VERSION_CAP', default: 'prune', meaning: '`prune` or `reject` at one version too many' },
  {
    name: 'CSMS_NOT_FOUND_STATUS',
    default: '404',
    meaning: '404 or 400 for a missing secret, version or stage',
  },
  {
    name: 'CSMS_LIMITS',
    default: 'documented quotas',
    meaning:
      'Such as `secrets=5000,versions=20,stages=12,tags=20,events=30,value-bytes=65536`; `free-bytes=67108864`: changes are refused while less is free (default: 64 MiB, at most an eighth of the volume)',
  },
  {
    name: 'CSMS_UNSIGNED_PAYLOAD',
    default: 'allow',
    meaning: '`allow` or `refuse` signatures that leave the body out',
  },
  { name: 'CSMS_THREADS', default: '1', meaning: 'HTTP threads; this release runs one whatever is set' },
  { name: 'CSMS_RATE_LIMIT', default: 'off', meaning: 'Requests per second and user; more are answered 429' },
  {
    name: 'CSMS_HOOKS',
    default: '`dev`: `hooks.yaml` in the data directory, may be absent; `serve`: none',
    meaning: 'Where notification topics and rotation functions lead; read again when it changes',
  },
  {
    name: 'CSMS_WEBHOOK_HOSTS',
    default: '`dev`: `loopback`; `serve`: none',
    meaning:
      'What hooks may call: `host`, `host:port`, networks of private addresses, `loopback`; such as `ops.example,10.2.0.0/16`',
  },
  {
    name: 'CSMS_PUBLIC_URL',
    default: 'none',
    meaning: 'Base URL under which clients reach the server, for addresses in answers and notifications',
  },
  {
    name: 'CSMS_ALLOWED_HOSTS',
    default: 'none',
    meaning:
      'Plain HTTP on loopback answers to loopback hosts and these, such as `csms.example,csms.example:8080`',
  },
  {
    name: 'CSMS_TRUSTED_PROXIES',
    default: 'none',
    meaning:
      'Addresses and networks of proxies whose `X-Forwarded-For` counts, such as `10.0.0.5,10.2.0.0/16`',
  },
  {
    name: 'CSMS_METRICS',
    default: '`dev`: on; `serve`: off',
    meaning:
      '`/metrics`: `on` for callers on loopback without a proxy between, `off`, or `HOST:PORT` for a listener of its own',
  },
]);

/** Variables of later releases. To leave one out of account could be mistaken for safety, so setting it is refused. */
export const UNSUPPORTED: readonly string[] = [
  'CSMS_DATABASE_URL',
  'CSMS_ROOT_KEY_PREVIOUS',
  'CSMS_AUDIT_READS',
  'CSMS_AUDIT_HEAD',
  'CSMS_AUDIT_RETENTION',
  'CSMS_SEED',
  'CSMS_CONTROL_TOKEN',
  'CSMS_CONTROL_HOSTS',
  'CSMS_WORLDS',
  'CSMS_CONSOLE',
  'CSMS_POLICY_LEARN',
];
/** Variables of the client commands; they are no mistake in a server's environment. */
export const CLIENT_VARIABLES: readonly string[] = [
  'CSMS_ENDPOINT',
  'CSMS_USER',
  'CSMS_DOMAIN',
  'CSMS_PASSWORD',
];
