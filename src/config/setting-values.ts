import { StartError } from '../app/start-error.ts';
import { DEFAULT_LIMITS, LIMIT_BOUNDS, type Limits } from '../core/limits.ts';
import { DAY_MS, HOUR_MS } from '../std/durations.ts';

/** Variables by their names; an empty one counts as not set. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** An address to listen on. */
export interface Listener {
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
}

/** The commands that run a server. */
export type ServerMode = 'dev' | 'serve';

/** What a row of the table of settings reads. */
export interface Given {
  readonly name: string;
  /** Undefined where the variable is not set. */
  readonly text: string | undefined;
  readonly mode: ServerMode;
}

/** The values of the settings, each read from one variable. */
export interface SettingValues {
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  readonly dataDirectory: string;
  /** A root key source, such as `file:PATH`; absent in dev until it has created one. */
  readonly rootKey: string | undefined;
  /** What is allowed is noted there; absent: nobody wants to know. */
  readonly policyLearnFile: string | undefined;
  /** Absent in dev: the file that dev creates. */
  readonly identitiesFile: string | undefined;
  readonly dev: DevCredentials;
  readonly tlsCertFile: string | undefined;
  readonly tlsKeyFile: string | undefined;
  /** Authorities of client certificates. */
  readonly tlsClientCaFile: string | undefined;
  readonly allowHttp: boolean;
  readonly logLevel: string;
  readonly region: string;
  readonly versionCap: 'prune' | 'reject';
  readonly notFoundStatus: 400 | 404;
  readonly limits: Limits;
  /** Bytes that must be free for changes to be accepted; absent: 64 MiB, or a share of a small volume. */
  readonly freeBytesMin: number | undefined;
  readonly unsignedPayload: 'allow' | 'refuse';
  /** `on`: for callers on loopback; a separate listener: for all who reach it. */
  readonly metrics: 'on' | 'off' | Listener;
  /** Under which clients reach the server, without a final slash. */
  readonly publicUrl: string | undefined;
  /** More hosts that plain HTTP on loopback accepts, as written. */
  readonly allowedHosts: string;
  /** Peers whose `X-Forwarded-For` counts, as written. */
  readonly trustedProxies: string;
  /** Requests per second and user; absent: no limit. */
  readonly rateLimit: number | undefined;
  /** How long a token is good for. */
  readonly tokenLifetimeMs: number;
  /** Absent: no hooks, or in dev the file of that name in the data directory, which may be absent too. */
  readonly hooksFile: string | undefined;
  /** What hooks may call, as written. */
  readonly webhookHosts: string;
  readonly companion: CompanionSettings;
  /** Settings without effect in this release. */
  readonly warnings: readonly string[];
}

/** Fixed credentials of dev, for CI; generated where absent. */
export interface DevCredentials {
  readonly accessKeyId: string | undefined;
  readonly secretKey: string | undefined;
  readonly projectId: string | undefined;
  readonly password: string | undefined;
}

/** What tests may control in dev. @see docs/adr/0059-companion-for-tests.md */
export interface CompanionSettings {
  /** Seed of main; absent: main is as its data directory has it. */
  readonly seedFile: string | undefined;
  /** Key of the control API; generated once where absent. */
  readonly controlToken: string | undefined;
  /** More host names of the control API, as written. */
  readonly controlHosts: string;
  /** Worlds beside main at most. */
  readonly worldsMax: number;
}

/** A base URL without its final slash. Throws StartError. */
export function readPublicUrl(text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  const url = URL.parse(text);
  const isBase = url !== null && /^https?:$/.test(url.protocol) && /^[^?#@\s]+$/.test(text);
  if (!isBase) throw wrong('CSMS_PUBLIC_URL', 'must be a base URL, such as https://csms.example');
  return url.href.replace(/\/+$/, '');
}

/** `on`, `off` or `HOST:PORT`, an IPv6 address in brackets. Throws StartError. */
export function readMetrics(text: string): 'on' | 'off' | Listener {
  if (text === 'on' || text === 'off') return text;
  const [, bracketed, host = bracketed ?? '', port] =
    /^(?:\[([0-9a-fA-F:.]+)\]|([a-zA-Z0-9._-]+)):(\d{1,5})$/.exec(text) ?? [];
  if (host === '' || Number(port) > 65_535) {
    throw wrong('CSMS_METRICS', 'must be on, off, or HOST:PORT for a listener of its own');
  }
  return { host, port: Number(port) };
}

/** At most 1 TiB may be kept free. */
const FREE_BYTES_MAX = 1_099_511_627_776;

/** Quotas, as in `secrets=5000,free-bytes=1048576`. Throws StartError for an unknown name or a number outside its bounds. */
export function readLimits(text: string | undefined) {
  let freeBytesMin: number | undefined;
  const limits: Record<keyof Limits, number> = { ...DEFAULT_LIMITS };
  for (const part of text?.split(',') ?? []) {
    const [, name = '', figure] = /^\s*([a-z-]+)=(\d{1,13})\s*$/.exec(part) ?? [];
    const value = Number(figure);
    if (name === 'free-bytes') {
      if (value > FREE_BYTES_MAX) throw wrong('CSMS_LIMITS', `allows ${name} from 0 to ${FREE_BYTES_MAX}`);
      freeBytesMin = value;
      continue;
    }
    const key = name === 'value-bytes' ? 'valueBytes' : name;
    if (!isLimit(key)) throw wrong('CSMS_LIMITS', 'must look like secrets=5000,versions=20');
    const { min, max } = LIMIT_BOUNDS[key];
    if (value < min || value > max) throw wrong('CSMS_LIMITS', `allows ${name} from ${min} to ${max}`);
    limits[key] = value;
  }
  if (limits.stages >= limits.versions) {
    throw wrong('CSMS_LIMITS', 'needs fewer stages than versions, or no version could make room');
  }
  return { limits: Object.freeze(limits), freeBytesMin };
}

function isLimit(key: string): key is keyof Limits {
  return Object.hasOwn(DEFAULT_LIMITS, key);
}

/** Required in serve, optional in dev. Throws StartError. */
export function needed({ name, text, mode }: Given, what: string): string | undefined {
  if (text !== undefined || mode === 'dev') return text;
  throw wrong(name, `is not set: serve needs ${what}`);
}

/** A whole number within its bounds. Throws StartError. */
export function integer(
  { name, text }: Given,
  { min, max, otherwise }: { readonly min: number; readonly max: number; readonly otherwise: number },
): number {
  const shown = text ?? String(otherwise);
  const value = /^\d{1,9}$/.test(shown) ? Number(shown) : Number.NaN;
  if (value >= min && value <= max) return value;
  throw wrong(name, `must be a whole number from ${min} to ${max}`);
}

const UNIT_MS: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: HOUR_MS };

/** A time from a minute to a day, such as `90m`, in milliseconds. Throws StartError. */
export function lifetime({ name, text }: Given, otherwise: string): number {
  const [, figure = '', unit = ''] = /^(\d{1,5})([smh])$/.exec(text ?? otherwise) ?? [];
  const valueMs = Number(figure) * (UNIT_MS[unit] ?? Number.NaN);
  if (valueMs >= 60_000 && valueMs <= DAY_MS) return valueMs;
  throw wrong(name, 'must be from 1m to 24h: a whole number with s, m or h');
}

/** One of several words. Throws StartError. */
export function choice<const T extends string>(
  given: Given,
  choices: readonly T[],
  otherwise: NoInfer<T>,
): T {
  const { name, text = otherwise } = given;
  const chosen = choices.find((candidate) => candidate === text);
  if (chosen === undefined) throw wrong(name, `must be ${choices.join(' or ')}`);
  return chosen;
}

/** Text of a shape. Throws StartError. */
export function pattern({ name, text }: Given, shape: RegExp, otherwise: string): string {
  if (shape.test(text ?? otherwise)) return text ?? otherwise;
  throw wrong(name, `must match ${shape.source}`);
}

/**
 * Text of a shape, allowed only in dev; the error shows the rule and not the text, which may be a secret. Throws
 * StartError.
 */
export function devOnly({ name, text, mode }: Given, shape: RegExp, rule: string): string | undefined {
  if (text === undefined) return undefined;
  if (mode !== 'dev') throw wrong(name, 'is for dev only');
  if (!shape.test(text)) throw wrong(name, `must be ${rule}`);
  return text;
}

/** The error for a variable with a wrong value, which it does not repeat: it may be a secret. */
export function wrong(name: string, rule: string): StartError {
  return new StartError('configuration', `${name} ${rule}`);
}
