import fc from 'fast-check';
import { DEFAULT_LIMITS } from '../../src/core/limits.ts';
import type { SecretCommand, SecretRef } from '../../src/core/secrets/secrets.ts';
import {
  addVersion,
  cancel,
  create,
  DAY_MS,
  expire,
  purge,
  putStage,
  putTags,
  remove,
  removeStage,
  removeTags,
  schedule,
  T0,
  update,
} from '../support/stores.ts';

/** Names of secrets. */
export const NAMES = ['a', 'B', 'a.b', 'c'];
/** Keys of tags. Their order in UTF-16 is not that of their bytes. */
export const KEYS = ['b', 'A', '\u{20000}', '\ufe70'];

/** A command about a secret, as its id by then makes it. */
export type Wish = (ref: SecretRef, secretId: string) => SecretCommand;

/** One step of a history: a wish about the secret of that name, a look at everything, or another start of the store. */
export type Step = readonly [name: string, wish: Wish] | 'look' | 'reopen' | 'kill';

/** Small enough for random histories to run into every limit. */
const LIMITS = Object.freeze({ ...DEFAULT_LIMITS, secrets: 3, versions: 4, stages: 4, tags: 3 });

const anyStage = fc.constantFrom('SYSCURRENT', 'SYSPREVIOUS', 'blue', 'green', 'red');
const anyNumber = fc.integer({ min: 1, max: 7 });
const anyDays = fc.integer({ min: 6, max: 31 });
const anyKey = fc.constantFrom(...KEYS);
const anyTag = fc.record({ key: anyKey, value: fc.constantFrom('', 'x', 'y') }, { noNullPrototype: true });
const someTags = fc.uniqueArray(anyTag, { selector: ({ key }) => key, minLength: 1 });
const someStages = fc.uniqueArray(anyStage, { minLength: 1, maxLength: 5 });

/** A wish of some kind. */
function wish<T>(weight: number, of: fc.Arbitrary<T>, build: (of: T) => Wish) {
  return { weight, arbitrary: of.map(build) };
}
const nothing = fc.constant(undefined);

const anyWish = fc.oneof(
  wish(120, nothing, () => (ref) => create(ref, { limits: LIMITS })),
  wish(
    300,
    fc.record({
      stages: fc.option(someStages, { nil: undefined, freq: 2 }),
      versionCap: fc.constantFrom('prune' as const, 'prune' as const, 'reject' as const),
    }),
    (how) => (ref, id) => addVersion(ref, id, { ...how, limits: LIMITS }),
  ),
  wish(140, fc.tuple(anyStage, anyNumber), (place) => (ref) => putStage(ref, ...place, LIMITS)),
  wish(60, anyStage, (stage) => (ref) => removeStage(ref, stage)),
  wish(60, someTags, (tags) => (ref, id) => putTags(ref, id, tags, LIMITS)),
  wish(
    30,
    fc.tuple(
      fc.uniqueArray(anyKey, { minLength: 1 }),
      fc.constantFrom('ignore' as const, 'ignore' as const, 'refuse' as const),
    ),
    (what) => (ref, id) => removeTags(ref, id, ...what),
  ),
  wish(
    40,
    fc.string({ maxLength: 20, unit: 'grapheme' }),
    (description) => (ref) => update(ref, { description }),
  ),
  wish(
    40,
    fc.tuple(anyNumber, fc.integer({ min: 0, max: 9_999_999_999_999 })),
    (expiry) => (ref) => expire(ref, ...expiry),
  ),
  wish(16, anyDays, (days) => (ref) => schedule(ref, days)),
  wish(60, nothing, () => (ref) => cancel(ref)),
  wish(8, nothing, () => (ref) => remove(ref)),
  wish(10, anyDays, (days) => (ref, id) => purge(ref, id, T0 + days * DAY_MS)),
);

/** Mostly the first name: a history has to dwell on one secret to get anywhere. */
const anyName = fc.oneof(
  { weight: 3, arbitrary: fc.constant('a') },
  { weight: 1, arbitrary: fc.constantFrom(...NAMES) },
);

/** One random step; opening the store again takes long, so it is rare. */
export const anyStep: fc.Arbitrary<Step> = fc.oneof(
  { weight: 884, arbitrary: fc.tuple(anyName, anyWish) },
  { weight: 40, arbitrary: fc.constant('look' as const) },
  { weight: 2, arbitrary: fc.constantFrom('reopen' as const, 'kill' as const) },
);
