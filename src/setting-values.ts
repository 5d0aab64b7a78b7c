import { StartError } from './app/start-error.ts';
import { DEFAULT_LIMITS, LIMIT_BOUNDS, type Limits } from './core/limits.ts';

/** Variables by their names; an empty one counts as not set. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** An address to listen on. */
export interface Listener {
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
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

/** Quotas, and the room below which changes are refused, in bytes; absent: the server's own rule. */
export interface ReadLimits {
  readonly limits: Limits;
  readonly freeBytesMin: number | undefined;
}

/** The most that may be kept free: 1 TiB. */
const FREE_BYTES_MAX = 1_099_511_627_776;

/** `secrets=5000,free-bytes=1048576`. Throws StartError for an unknown name, or a figure outside its bounds. */
export function readLimits(text: string | undefined): ReadLimits {
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
  return Object.hasOwn(DEFAULT_LIMITS, key) && key !== 'value-bytes';
}

/** A whole number within its bounds. Throws StartError. */
export function integer(
  env: Environment,
  name: string,
  bounds: { readonly min: number; readonly max: number; readonly otherwise: number },
): number {
  const text = env[name] || undefined;
  if (text === undefined) return bounds.otherwise;
  const value = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
  if (value >= bounds.min && value <= bounds.max) return value;
  throw wrong(name, `must be a whole number from ${bounds.min} to ${bounds.max}`);
}

/** One of several words. Throws StartError. */
export function choice<T extends string>(
  env: Environment,
  name: string,
  choices: readonly T[],
  otherwise: T,
): T {
  const text = env[name] || otherwise;
  const chosen = choices.find((candidate) => candidate === text);
  if (chosen === undefined) throw wrong(name, `must be ${choices.join(' or ')}`);
  return chosen;
}

/** Text of a shape. Throws StartError. */
export function pattern(env: Environment, name: string, shape: RegExp, otherwise: string): string {
  const text = env[name] || otherwise;
  if (!shape.test(text)) throw wrong(name, `must match ${shape.source}`);
  return text;
}

/** The error for a variable with a wrong value, which it does not repeat: it may be a secret. */
export function wrong(name: string, rule: string): StartError {
  return new StartError('configuration', `${name} ${rule}`);
}
