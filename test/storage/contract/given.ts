import { test } from 'vitest';
import { create, freshProject, type StoreHarness } from '../../support/stores.ts';

/** How helpers of a part of the contract get at the store under test. */
export type HarnessOf = () => StoreHarness;

/**
 * `it` for the contract. A test names what it wants, and no more than that is made for it: the store, a project that no
 * other test uses, the place of a secret in that project, and the secret itself, as its creation answered it.
 */
export type ContractTest = ReturnType<typeof contractTest>;

/** @see ContractTest */
export function contractTest(harnessOf: HarnessOf) {
  return test
    .extend('harness', () => harnessOf())
    .extend('store', ({ harness }) => harness.store)
    .extend('projectId', () => freshProject())
    .extend('ref', ({ projectId }) => ({ projectId, name: 'db-password' }))
    .extend('secret', async ({ store, ref }) => (await store.change(create(ref))).secret!);
}
