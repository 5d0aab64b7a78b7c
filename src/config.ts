import { StartError } from './app/start-error.ts';
import type { Limits } from './core/limits.ts';
import {
  choice,
  type Environment,
  integer,
  type Listener,
  pattern,
  readLimits,
  readMetrics,
  readPublicUrl,
  wrong,
} from './setting-values.ts';
import { CLIENT_VARIABLES, SETTINGS, UNSUPPORTED } from './settings.ts';

/** The commands that run a server or look at its data. */
export type ServerMode = 'dev' | 'serve';

/** Everything that a server is told, checked and frozen. */
export interface Config {
  /** Where secrets lie that a setting or the identities name a variable for. */
  readonly environment: Environment;
  readonly mode: ServerMode;
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  readonly dataDirectory: string;
  /** A root key source, such as `file:PATH`; absent in dev until it has made one. */
  readonly rootKey: string | undefined;
  /** Absent in dev: the file that dev makes itself. */
  readonly identitiesFile: string | undefined;
  readonly dev: DevCredentials;
  readonly tlsCertFile: string | undefined;
  readonly tlsKeyFile: string | undefined;
  readonly allowHttp: boolean;
  readonly logLevel: string;
  readonly region: string;
  readonly versionCap: 'prune' | 'reject';
  readonly notFoundStatus: 400 | 404;
  readonly limits: Limits;
  /** Bytes that must be free for changes to be accepted; absent: 64 MiB, or a share of a small volume. */
  readonly freeBytesMin: number | undefined;
  readonly unsignedPayload: 'allow' | 'refuse';
  /** `on`: for callers on loopback; a listener of its own: for all who reach it. */
  readonly metrics: 'on' | 'off' | Listener;
  /** Under which clients reach the server, without a final slash. */
  readonly publicUrl: string | undefined;
  /** More hosts that plain HTTP on loopback answers to, as it was written. */
  readonly allowedHosts: string;
  /** Whose `X-Forwarded-For` counts, as it was written. */
  readonly trustedProxies: string;
  /** Requests per second and user; absent: no limit. */
  readonly rateLimit: number | undefined;
  /** Absent: no hooks, or in dev the file of that name in the data directory, which may be absent too. */
  readonly hooksFile: string | undefined;
  /** What hooks may call, as it was written. */
  readonly webhookHosts: string;
  /** What was set and has no effect in this release. */
  readonly warnings: readonly string[];
}

/** What opening the stored data takes. */
export type DataConfig = Pick<Config, 'environment' | 'mode' | 'dataDirectory' | 'rootKey'>;

/** Fixed credentials of dev, for CI; generated where absent. */
export interface DevCredentials {
  readonly accessKeyId: string | undefined;
  readonly secretKey: string | undefined;
  readonly projectId: string | undefined;
  readonly password: string | undefined;
}

/** Text that stands in an env file without quotes, for every reader of such files. */
const PLAIN = /^[A-Za-z0-9!%*+,./:=?@^_{}[\]-]{8,128}$/;
const PLAIN_RULE = '8 to 128 letters, digits or ! % * + , . / : = ? @ ^ _ { } [ ] -';
const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'];
const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|::1)$/;

/**
 * Reads the settings of a server from the environment. Pure. An empty variable counts as not set.
 * Throws StartError (configuration) that names the first variable which is unknown, wrong or missing.
 */
export function readConfig(mode: ServerMode, env: Environment): Config {
  requireKnown(env);
  const text = (name: string) => env[name] || undefined;
  const config: Config = Object.freeze({
    environment: env,
    mode,
    host: text('CSMS_HOST') ?? '127.0.0.1',
    port: integer(env, 'CSMS_PORT', { min: 0, max: 65_535, otherwise: 4_280 }),
    dataDirectory:
      text('CSMS_DATA') ?? (mode === 'dev' ? '.csms' : missing('CSMS_DATA', 'the data directory')),
    rootKey:
      text('CSMS_ROOT_KEY') ?? (mode === 'dev' ? undefined : missing('CSMS_ROOT_KEY', 'the root key source')),
    identitiesFile:
      text('CSMS_IDENTITIES') ??
      (mode === 'dev' ? undefined : missing('CSMS_IDENTITIES', 'the identities file')),
    dev: devCredentials(mode, env),
    tlsCertFile: text('CSMS_TLS_CERT'),
    tlsKeyFile: text('CSMS_TLS_KEY'),
    allowHttp: choice(env, 'CSMS_ALLOW_HTTP', ['0', '1'], '0') === '1',
    logLevel: choice(env, 'CSMS_LOG_LEVEL', LOG_LEVELS, 'info'),
    region: pattern(env, 'CSMS_REGION', /^[a-z0-9-]{1,64}$/, 'local-1'),
    versionCap: choice(env, 'CSMS_VERSION_CAP', ['prune', 'reject'], 'prune'),
    notFoundStatus: choice(env, 'CSMS_NOT_FOUND_STATUS', ['404', '400'], '404') === '400' ? 400 : 404,
    ...readLimits(text('CSMS_LIMITS')),
    unsignedPayload: choice(env, 'CSMS_UNSIGNED_PAYLOAD', ['allow', 'refuse'], 'allow'),
    metrics: readMetrics(text('CSMS_METRICS') ?? (mode === 'dev' ? 'on' : 'off')),
    publicUrl: readPublicUrl(text('CSMS_PUBLIC_URL')),
    allowedHosts: text('CSMS_ALLOWED_HOSTS') ?? '',
    trustedProxies: text('CSMS_TRUSTED_PROXIES') ?? '',
    rateLimit:
      (env.CSMS_RATE_LIMIT || 'off') === 'off'
        ? undefined
        : integer(env, 'CSMS_RATE_LIMIT', { min: 1, max: 1_000_000, otherwise: 0 }),
    hooksFile: text('CSMS_HOOKS'),
    webhookHosts: text('CSMS_WEBHOOK_HOSTS') ?? (mode === 'dev' ? 'loopback' : ''),
    warnings: withoutEffect(env),
  });
  requireSafeTransport(config);
  return config;
}

/**
 * Reads the settings of a command that looks at stored data: those of serve when CSMS_DATA is set, else those of dev.
 * Throws StartError (configuration).
 */
export function readVerifyConfig(env: Environment): DataConfig {
  requireKnown(env);
  const dataDirectory = env.CSMS_DATA || '.csms';
  // A key beside its data is not refused here: looking at the data makes nothing worse.
  return {
    environment: env,
    mode: 'dev',
    dataDirectory,
    rootKey: env.CSMS_ROOT_KEY || `file:${dataDirectory}/root.key`,
  };
}

function requireKnown(env: Environment): void {
  const known = new Set([...SETTINGS.map(({ name }) => name), ...CLIENT_VARIABLES]);
  for (const [name, value] of Object.entries(env)) {
    if (!name.startsWith('CSMS_') || !value || known.has(name)) continue;
    if (UNSUPPORTED.includes(name)) throw wrong(name, 'is not supported in this release');
    throw wrong(name, 'is not a variable of csms-server');
  }
}

function withoutEffect(env: Environment): string[] {
  const threads = integer(env, 'CSMS_THREADS', { min: 1, max: 64, otherwise: 1 });
  return threads > 1 ? ['CSMS_THREADS'] : [];
}

function devCredentials(mode: ServerMode, env: Environment): DevCredentials {
  const given = (name: string, shape: RegExp, rule: string): string | undefined => {
    const value = env[name] || undefined;
    if (value === undefined) return undefined;
    if (mode !== 'dev') throw wrong(name, 'is for dev only');
    // The rule and not the value: two of these are secrets.
    if (!shape.test(value)) throw wrong(name, `must be ${rule}`);
    return value;
  };
  return {
    accessKeyId: given('CSMS_DEV_AK', /^[A-Za-z0-9_-]{1,128}$/, '1 to 128 letters, digits, _ or -'),
    secretKey: given('CSMS_DEV_SK', PLAIN, PLAIN_RULE),
    projectId: given('CSMS_DEV_PROJECT_ID', /^[0-9a-z]{32}$/, '32 lower-case letters or digits'),
    password: given('CSMS_DEV_PASSWORD', PLAIN, PLAIN_RULE),
  };
}

/** Refuses plain HTTP beyond loopback that nobody has allowed, and half a certificate. Throws StartError (configuration). */
export function requireSafeTransport(config: Config): void {
  const { tlsCertFile, tlsKeyFile, host, allowHttp, mode } = config;
  if ((tlsCertFile === undefined) !== (tlsKeyFile === undefined)) {
    throw new StartError('configuration', 'CSMS_TLS_CERT and CSMS_TLS_KEY go together');
  }
  if (tlsCertFile !== undefined || allowHttp || LOOPBACK.test(host)) return;
  const remedy =
    mode === 'dev' ? 'set CSMS_ALLOW_HTTP=1' : 'set CSMS_TLS_CERT and CSMS_TLS_KEY, or CSMS_ALLOW_HTTP=1';
  throw new StartError('configuration', `CSMS_HOST=${host} is plain HTTP beyond loopback: ${remedy}`);
}

function missing(name: string, what: string): never {
  throw new StartError('configuration', `${name} is not set: serve needs ${what}`);
}
