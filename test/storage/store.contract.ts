import { afterAll, beforeAll, describe } from 'vitest';
import type { StoreEngine, StoreHarness } from '../support/stores.ts';
import { blobContract } from './contract/blob.ts';
import { checkerContract } from './contract/checker.ts';
import { clockContract } from './contract/clock.ts';
import { countsContract } from './contract/counts.ts';
import { dueTimeContract } from './contract/due-times.ts';
import { durabilityContract } from './contract/durability.ts';
import { eventContract } from './contract/events.ts';
import { grantContract } from './contract/grants.ts';
import { keyContract } from './contract/keys.ts';
import { lifecycleContract } from './contract/lifecycle.ts';
import { listContract } from './contract/lists.ts';
import { notificationContract } from './contract/notifications.ts';
import { sampleContract } from './contract/samples.ts';
import { secretContract } from './contract/secrets.ts';
import { tagContract } from './contract/tags.ts';
import { taskContract } from './contract/tasks.ts';
import { transactionContract } from './contract/transactions.ts';
import { twoProcessesContract } from './contract/two-processes.ts';
import { versionContract } from './contract/versions.ts';

/** What every engine has to do. Written once, run on each; knows nothing of any of them. */
export function storeContract(engine: StoreEngine): void {
  describe(`store on ${engine.name}`, () => {
    let harness: StoreHarness;
    beforeAll(async () => {
      harness = await engine.open();
    });
    afterAll(() => harness.destroy());
    const harnessOf = () => harness;

    describe('secrets', () => secretContract(harnessOf));
    describe('versions', () => versionContract(harnessOf));
    describe('deletion', () => lifecycleContract(harnessOf));
    describe('lists', () => listContract(harnessOf));
    describe('events', () => eventContract(harnessOf));
    describe('notifications', () => notificationContract(harnessOf));
    describe('tasks', () => taskContract(harnessOf));
    describe('the clock', () => clockContract(harnessOf));
    describe('due times', () => dueTimeContract(engine));
    describe('two processes', () => twoProcessesContract(harnessOf));
    describe('counts', () => countsContract(harnessOf));
    describe('samples', () => sampleContract(harnessOf));
    describe('tags', () => tagContract(harnessOf));
    describe('grants', () => grantContract(harnessOf));
    describe('keys', () => keyContract(harnessOf));
    describe('backups', () => blobContract(harnessOf));
    describe('checkers', () => checkerContract(harnessOf));
    describe('transactions', () => transactionContract(harnessOf));
    describe('durability', () => durabilityContract(harnessOf, engine));
  });
}
