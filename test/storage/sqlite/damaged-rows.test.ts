import { beforeEach, describe, expect, it } from 'vitest';
import { createSigningKeyLoader } from '../../../src/app/events/signing-key.ts';
import type { Command } from '../../../src/core/commands.ts';
import { DEFAULT_LIMITS } from '../../../src/core/limits.ts';
import {
  addVersion,
  cancel,
  create,
  createEvent,
  createGrant,
  DAY_MS,
  ensureSigningKey,
  expectRefused,
  purge,
  putTags,
  remove,
  removeEvent,
  removeGrants,
  setStrengthCheck,
  settle,
  startRotation,
  T0,
  update,
  updateEvent,
  updateGrant,
} from '../../support/stores.ts';
import { searched, tagsOfProject } from '../../support/walks.ts';
import { aWorld } from '../../support/world.ts';
import { filledDirectory } from './filled-directory.ts';
import { fillProject } from './tamper-project.ts';

describe('beside a damaged row', () => {
  const projectId = 'project';
  const ref = { projectId, name: 'open' };
  const alarm = { projectId, name: 'alarm' };
  const grants = { projectId, secretId: 'project-open' };
  const filled = filledDirectory((store) => fillProject(store, projectId));

  /** Opens the filled project after someone has changed it, perhaps with some more in it. */
  async function damage(statement: string, more: readonly Command[] = []): Promise<void> {
    for (const command of more) await filled.store.change(command);
    filled.tamper(statement);
  }

  describe('of an event', () => {
    const CHANGED = "UPDATE event SET state = 'DISABLED'";
    const TOLD = ['event project/alarm'];

    it('the secrets that are subscribed to it are changed, deleted and purged as ever, and nobody is notified', async () => {
      await damage(`${CHANGED} WHERE name = 'alarm'`);
      await filled.store.change(addVersion(ref, 'project-open'));
      await filled.store.change(update(ref, { description: 'y' }));
      expect(filled.told).toEqual([...TOLD, ...TOLD]);
      expect(await filled.store.change(remove(ref))).toEqual({});
      const due = { projectId, name: 'pending' };
      expect(await filled.store.change(purge(due, 'project-pending', T0 + 8 * DAY_MS))).toEqual({
        removed: true,
      });
    });

    it('it is left out of the list, and cannot be chosen or updated', async () => {
      await damage(`${CHANGED} WHERE name = 'alarm'`, [createEvent({ projectId, name: 'bell' })]);
      const names = async (limit: number) =>
        (await filled.store.listEvents({ projectId, limit, afterName: '' })).map(({ name }) => name);
      expect([await names(1), await names(9)]).toEqual([['bell'], ['bell']]);
      expect(filled.told).toEqual([...TOLD, ...TOLD]);
      await expectRefused(filled.store.change(update(ref, { eventSubscriptions: ['alarm'] })), 'damaged');
      await expectRefused(filled.store.change(updateEvent(alarm, { state: 'ENABLED' })), 'damaged');
    });

    it('its owner makes it anew, at the limit of the project too, and it notifies again', async () => {
      await damage(CHANGED);
      await filled.store.change(createEvent(alarm, { limits: { ...DEFAULT_LIMITS, events: 1 } }));
      expect(filled.told).toEqual(TOLD);
      expect((await filled.store.findEvent(alarm))?.revision).toBe(1);
      await filled.store.change(addVersion(ref, 'project-open'));
      const due = await filled.store.listDueNotifications(T0 + DAY_MS, { limit: 99, waitMsMax: DAY_MS });
      expect(due).toHaveLength(3);
    });

    it('its owner deletes it once no secret refers to it', async () => {
      await damage(CHANGED);
      await expectRefused(filled.store.change(removeEvent(alarm)), 'event-referenced');
      await filled.store.change(update(ref, { eventSubscriptions: [] }));
      await filled.store.change(removeEvent(alarm));
      expect(await filled.store.findEvent(alarm)).toBeUndefined();
      await expectRefused(filled.store.change(removeEvent(alarm)), 'resource-not-found');
    });
  });

  it('that is the count of a project, secrets are made and deleted', async () => {
    await damage('UPDATE project SET secret_count = 5000');
    await filled.store.change(create({ projectId, name: 'new' }));
    await damage('UPDATE project SET secret_count = 0');
    for (const name of ['new', 'open', 'pending']) await filled.store.change(remove({ projectId, name }));
    expect(await filled.store.countByProject()).toEqual([]);
  });

  it('of a checker, its owner chooses again', async () => {
    await damage('UPDATE checker_config SET checks_strength = 0');
    await filled.store.change(setStrengthCheck(projectId, true));
    expect(await filled.store.findChecker(projectId)).toMatchObject({ checksStrength: true });
    expect(filled.told).toEqual(['checker configuration of project project']);
  });

  describe('of a grant', () => {
    const granteesOf = async () => (await filled.store.listGrants(grants)).map(({ grantee }) => grantee.id);
    beforeEach(() => damage("UPDATE secret_grant SET expire_time_ms = NULL WHERE id = 'project-open-1'"));

    it('the others are listed and changed, and it gives nothing', async () => {
      expect(await granteesOf()).toEqual(['bob']);
      expect(filled.told).toEqual(['grant project-open-1']);
      await filled.store.change(updateGrant(grants, 'bob', T0 + 5));
      await expectRefused(filled.store.change(updateGrant(grants, 'ann', T0 + 5)), 'resource-not-found');
    });

    it.each([['ann'], [undefined]])('it is removed for the grantee %s', async (granteeId) => {
      await filled.store.change(removeGrants(grants, granteeId));
      await expectRefused(filled.store.change(removeGrants(grants, 'ann')), 'resource-not-found');
      expect(await granteesOf()).toEqual(granteeId === undefined ? [] : ['bob']);
    });

    it('it is given anew', async () => {
      await filled.store.change(createGrant(grants, 'ann', { id: 'project-open-3', nowMs: T0 + 2 }));
      expect(await granteesOf()).toEqual(['bob', 'ann']);
    });
  });

  describe('of a task', () => {
    it.each([
      ['the newest one', "UPDATE task SET attempts = 9 WHERE id = 'project-rotation'"],
      ['one that lies in the future', `UPDATE task SET create_time_ms = ${Number.MAX_SAFE_INTEGER}`],
      ['one that says that it is over', "UPDATE task SET status = 'FAILED', next_attempt_ms = NULL"],
    ])('its secret is rotated again: %s', async (_, statement) => {
      await damage(statement);
      expect(await filled.store.change(startRotation(ref, 'again'))).toMatchObject({
        changed: true,
        task: { id: 'again' },
      });
      expect(filled.told).toEqual(['task project-rotation']);
      expect((await filled.store.listTasks({ projectId, limit: 9 })).map(({ id }) => id)).toEqual(['again']);
    });

    it('the others are listed', async () => {
      await damage("UPDATE task SET attempts = 9 WHERE id = 'project-rotation'");
      expect(await filled.store.listTasks({ projectId, limit: 1 })).toEqual([]);
      expect(filled.told).toEqual(['task project-rotation']);
    });
  });

  it('of a key, the others are listed', async () => {
    await damage("UPDATE kms_key SET description = 'x' WHERE id = 'key-1'");
    expect((await filled.store.listKeys(projectId)).map(({ id }) => id)).toEqual(['key-2']);
    expect(filled.told).toEqual(['key project/key-1']);
  });

  it('of a notification, the others are listed', async () => {
    const id = (version: number) => `project-open.${version}.SECRET_VERSION_CREATED`;
    await damage(`UPDATE notification SET attempts = 9 WHERE id = '${id(2)}'`, [
      settle(id(2), { status: 'SUCCESS' }),
    ]);
    expect((await filled.store.listNotifications(projectId)).map((one) => one.id)).toEqual([id(1)]);
    expect(filled.told).toEqual([`notification ${id(2)}`]);
  });

  it('of a secret, the tags and the secrets that others have are found', async () => {
    await damage("UPDATE secret SET description = 'x' WHERE name = 'open'");
    const tags = await tagsOfProject(filled.store, projectId);
    expect(tags).toEqual([
      { key: 'only-pending', value: 'yes' },
      { key: 'owner', value: 'pending' },
    ]);
    const query = { projectId, tags: [{ key: 'owner', values: [] }], nameParts: [], limit: 9, offset: 0 };
    const { secrets } = await searched(filled.store, query);
    expect(secrets.map(({ secret }) => secret.name)).toEqual(['pending']);
    expect(filled.told).toContain('secret project/open');
  });

  it('of a secret, a tag that an intact one shares is listed', async () => {
    const shared = (name: string) =>
      putTags({ projectId, name }, `project-${name}`, [{ key: 'shared', value: 'x' }]);
    await damage("UPDATE secret SET description = 'x' WHERE name = 'open'", [
      shared('open'),
      cancel({ projectId, name: 'pending' }),
      shared('pending'),
    ]);
    expect(await tagsOfProject(filled.store, projectId)).toContainEqual({ key: 'shared', value: 'x' });
  });

  it.each([
    ['gone', 'DELETE FROM signing_key'],
    ['changed', "UPDATE signing_key SET certificate_pem = 'x'"],
  ])('that is the signing key, %s, another one is made, which is logged', async (_, statement) => {
    await damage(statement, [ensureSigningKey('first')]);
    const errors: string[] = [];
    const log = {
      info: () => undefined,
      warn: () => undefined,
      error: (_: object, message: string) => errors.push(message),
    };
    const signingKeys = {
      create: async () => ensureSigningKey('second').key,
      sign: () => '',
      digest: () => '',
    };
    const load = createSigningKeyLoader({ ...aWorld().deps, store: filled.store, signingKeys, log });
    expect((await load()).certificatePem).toBe('second');
    expect((await filled.store.findSigningKey())?.certificatePem).toBe('second');
    expect(errors).toEqual([expect.stringContaining('made anew')]);
    expect(filled.told).toEqual(['the signing key']);
  });
});
