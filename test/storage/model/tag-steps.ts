import fc from 'fast-check';
import { DEFAULT_LIMITS } from '../../../src/core/limits.ts';
import { putTags, removeTags } from '../../support/stores.ts';
import { anyName, whenOpen } from './lifecycle-steps.ts';
import { ChangeStep, type Step } from './model.ts';
import { KEYS } from './tags.ts';

const LIMITS = Object.freeze({ ...DEFAULT_LIMITS, tags: 3 });
const VALUES = ['', 'x', 'y'];

const anyKey = fc.constantFrom(...KEYS);
const anyValue = fc.constantFrom(...VALUES);
const someTags = fc.uniqueArray(fc.record({ key: anyKey, value: anyValue }), {
  selector: ({ key }) => key,
  minLength: 1,
});

/** Puts some tags on a secret, of which three fit. */
export const putTagsStep = fc.tuple(anyName, someTags).map(
  ([name, tags]): Step =>
    new ChangeStep({
      name,
      text: `tag ${name} ${JSON.stringify(tags)}`,
      predict: whenOpen(name, 'secret-pending-deletion', (secret) => {
        const keys = new Set([...secret.tags.keys(), ...tags.map(({ key }) => key)]);
        return keys.size > LIMITS.tags ? 'tag-limit' : undefined;
      }),
      build: ({ projectId }, { secrets }) =>
        putTags({ projectId, name }, secrets.get(name)?.id ?? 'none', tags, LIMITS),
      apply: ({ secrets }) => {
        for (const { key, value } of tags) secrets.get(name)!.tags.set(key, value);
      },
    }),
);

/** Takes some keys away; absent ones are refused, or passed over. */
export const removeTagsStep = fc
  .tuple(
    anyName,
    fc.uniqueArray(anyKey, { minLength: 1 }),
    fc.constantFrom('ignore' as const, 'ignore' as const, 'refuse' as const),
  )
  .map(
    ([name, keys, absent]): Step =>
      new ChangeStep({
        name,
        text: `untag ${name} ${keys.join('+')} ${absent}`,
        predict: whenOpen(name, 'secret-pending-deletion', (secret) =>
          absent === 'refuse' && keys.some((key) => !secret.tags.has(key)) ? 'resource-not-found' : undefined,
        ),
        build: ({ projectId }, { secrets }) =>
          removeTags({ projectId, name }, secrets.get(name)?.id ?? 'none', keys, absent),
        apply: ({ secrets }) => {
          for (const key of keys) secrets.get(name)!.tags.delete(key);
        },
      }),
  );
