import { afterAll, beforeAll, describe } from 'vitest';
import type { StoreEngine, StoreHarness } from '../support/stores.ts';
import { blobContract } from './contract/blob.ts';
import { checkerContract } from './contract/checker.ts';
import { clockContract } from './contract/clock.ts';
import { contentsContract } from './contract/contents.ts';
import { countsContract } from './contract/counts.ts';
import { dueTimeContract } from './contract/due-times.ts';
import { durabilityContract } from './contract/durability.ts';
import { eventContract } from './contract/events.ts';
import { contractTest } from './contract/given.ts';
import { grantContract } from './contract/grants.ts';
import { keyContract } from './contract/keys.ts';
import { lifecycleContract } from './contract/lifecycle.ts';
import { listContract } from './contract/lists.ts';
import { notificationContract } from './contract/notifications.ts';
import { revocationContract } from './contract/revocations.ts';
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
    const it = contractTest(harnessOf);

    describe('secrets', () => secretContract(it));
    describe('versions', () => versionContract(it));
    describe('deletion', () => lifecycleContract(it));
    describe('lists', () => listContract(it, harnessOf));
    describe('events', () => eventContract(it));
    describe('notifications', () => notificationContract(it, harnessOf));
    describe('tasks', () => taskContract(it, harnessOf));
    describe('the clock', () => clockContract(it));
    describe('revoked tokens', () => revocationContract(it));
    describe('due times', () => dueTimeContract(engine));
    describe('two processes', () => twoProcessesContract(it));
    describe('counts', () => countsContract(it));
    describe('tags', () => tagContract(it));
    describe('grants', () => grantContract(it));
    describe('keys', () => keyContract(it));
    describe('backups', () => blobContract(it));
    describe('checkers', () => checkerContract(it));
    describe('contents', () => contentsContract(it, engine));
    describe('transactions', () => transactionContract(it));
    describe('durability', () => durabilityContract(it, engine));
  });
}
