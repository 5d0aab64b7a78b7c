import type { User } from '../auth/identities/identities.ts';
import { type ContextValue, createFacts, type Facts, type TagFact, UNKNOWN } from '../core/policy/facts.ts';
import { findKey, type NamedKey } from '../core/policy/keys.ts';
import { UsageError } from './flags.ts';

/** Values of condition keys, as `--context` gives them. */
export interface GivenContext {
  /** By the name in lower case. */
  readonly values: ReadonlyMap<string, ContextValue>;
  readonly resourceTags: readonly TagFact[];
  readonly requestTags: readonly TagFact[];
}

/** Whose permission is in question, and where. */
export interface Questioner {
  readonly user: User;
  readonly projectName: string | undefined;
  readonly region: string;
  /** Epoch milliseconds. */
  readonly nowMs: number;
}

/** What is known of the caller. */
const OF_CALLER: ReadonlySet<string> = new Set([
  'g:currenttime',
  'g:userid',
  'g:username',
  'g:domainid',
  'g:domainname',
  'g:principalaccount',
  'g:principalurn',
  'g:principaltype',
  'g:principalisrootuser',
  'g:projectname',
  'g:requestedregion',
  'g:servicename',
]);

/** What is known of a resource alone. */
const ATTRIBUTES: ReadonlySet<string> = new Set([
  'g:enterpriseprojectid',
  'kms:keyorigin',
  'kms:keyspec',
  'kms:keyusage',
  'kms:resourcealiases',
]);

/** Reads `--context`, a JSON object of condition keys. Throws UsageError for unknown keys and values of a wrong type. */
export function readContext(text: string): GivenContext {
  const values = new Map<string, ContextValue>();
  const [resourceTags, requestTags]: [TagFact[], TagFact[]] = [[], []];
  for (const [name, value] of Object.entries(parseObject(text))) {
    const key = findKey(name);
    if (key === undefined) throw new UsageError(`--context: there is no condition key ${name}`);
    if (key.tag === undefined) values.set(key.name, typedValue(name, key, value));
    else if (typeof value !== 'string') throw new UsageError(`--context: ${name} must be a text`);
    else if (key.name === 'g:resourcetag') resourceTags.push({ key: key.tag, value });
    else if (key.name === 'g:requesttag') requestTags.push({ key: key.tag, value });
  }
  return { values, resourceTags, requestTags };
}

/** What a dependency on a key sees: what holds for the whole request and what is given of keys, nothing of the secret. */
export function keyContext({ values }: GivenContext): GivenContext {
  const ofKeys = [...values].filter(
    ([name]) => name.startsWith('kms:') || findKey(name)?.letter === undefined,
  );
  return { values: new Map(ofKeys), resourceTags: [], requestTags: [] };
}

/** What policies are compared with. `isThere`: attributes that are not given are absent; else nobody knows them. */
export function explanationFacts(asking: Questioner, context: GivenContext, isThere: boolean): Facts {
  const { nowMs, projectName, region, user } = asking;
  const { domainId, domainName, id: userId, name: userName } = user;
  const unknown = {
    address: undefined,
    userAgent: undefined,
    isSecure: undefined,
    tokenIssuedAtMs: undefined,
  };
  const caller = { userId, userName, domainId, domainName };
  const known = createFacts({ ...unknown, caller, projectName, region, nowMs }, {});
  return {
    region,
    domainId,
    value(name, action) {
      const given = context.values.get(name);
      if (given !== undefined) return given;
      if (OF_CALLER.has(name)) return known.value(name, action);
      return ATTRIBUTES.has(name) && !isThere ? UNKNOWN : undefined;
    },
    tags: (of) => (of === 'request' ? context.requestTags : isThere ? context.resourceTags : UNKNOWN),
  };
}

function parseObject(text: string): object {
  try {
    const parsed: unknown = JSON.parse(text);
    if (typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed)) return parsed;
  } catch {
    // The same complaint as about other values.
  }
  throw new UsageError('--context must be a JSON object of condition keys');
}

function typedValue(name: string, { isMulti, type }: NamedKey, value: unknown): ContextValue {
  const texts: unknown[] = Array.isArray(value) ? value : [value];
  const isTexts = texts.every((text) => typeof text === 'string');
  if (isMulti && isTexts) return texts;
  const [text] = texts;
  if (!isMulti && texts.length === 1 && !Array.isArray(value)) {
    const typed = valueOfType(type, text);
    if (typed !== undefined) return typed;
  }
  throw new UsageError(`--context: ${name} must be ${isMulti ? 'a list of texts' : `a ${type ?? 'text'}`}`);
}

function valueOfType(type: NamedKey['type'], value: unknown): ContextValue | undefined {
  const text = String(value);
  switch (type) {
    case 'bool':
      return /^(?:true|false)$/i.test(text) ? text.toLowerCase() === 'true' : undefined;
    case 'number':
      return text.trim() !== '' && Number.isFinite(Number(text)) ? Number(text) : undefined;
    case 'date': {
      const timeMs = typeof value === 'string' ? Date.parse(value) : Number.NaN;
      return Number.isNaN(timeMs) ? undefined : timeMs;
    }
    default:
      return typeof value === 'string' ? value : undefined;
  }
}
