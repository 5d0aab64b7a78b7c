import { BUILT_IN_POLICIES } from '../../auth/identities/identities.ts';
import type { Limits } from '../../core/limits.ts';
import { entriesOf, parseYaml } from '../../yaml/yaml-node.ts';
import { parseTime } from '../times.ts';
import { readEvent } from './event-entries.ts';
import { readKey } from './key-entries.ts';
import { optionalText, problem, type Reading, requiredText, writtenAt } from './members.ts';
import { readSecret } from './secret-entries.ts';
import type { Seed, Written } from './seed.ts';
import { readPolicy, readUser } from './user-entries.ts';

/** What a seed is read for. */
export interface SeedContext {
  readonly projectId: string;
  readonly region: string;
  readonly limits: Limits;
  /** The world's clock, epoch milliseconds; the seed's own counts before it. */
  readonly nowMs: number;
  /** The world's own policies that users may have. */
  readonly policyNames: Iterable<string>;
}

/** The version of the format. */
const VERSION = '1';

/**
 * Reads a seed and checks all that it says by itself. Throws FileError (`file:line: key: reason`), never with a value.
 * @see docs/testing.md
 */
export function readSeed(
  source: { readonly file: string; readonly text: string },
  context: SeedContext,
): Seed {
  const written = writtenAt(parseYaml(source), [
    'csms',
    'clock',
    'users',
    'policies',
    'hooks',
    'keys',
    'events',
    'secrets',
  ]);
  if (requiredText(written, 'csms') !== VERSION) throw problem(written, 'csms', `must be ${VERSION}`);
  const clockMs = readClock(written);
  const reading: Reading = { ...context, nowMs: clockMs ?? context.nowMs, seen: new Map() };
  const list = (name: string) => entriesOf(written.fields.get(name));
  const policies = list('policies').map((node) => readPolicy(reading, node));
  const names = new Set([...BUILT_IN_POLICIES, ...context.policyNames, ...policies.map(({ name }) => name)]);
  const keys = list('keys').map((node) => readKey(reading, node));
  const events = list('events').map((node) => readEvent(reading, node));
  const secrets = list('secrets').map((node) => readSecret(reading, node));
  return {
    clockMs,
    users: list('users').map((node) => readUser(reading, node, names)),
    policies,
    hooks: written.fields.get('hooks'),
    keys,
    events,
    secrets,
  };
}

function readClock(written: Written): number | undefined {
  const text = optionalText(written, 'clock');
  const ms = text === undefined ? undefined : parseTime(text);
  if (text !== undefined && ms === undefined)
    throw problem(written, 'clock', 'must be a time such as 2030-01-31T00:00:00Z');
  return ms;
}
