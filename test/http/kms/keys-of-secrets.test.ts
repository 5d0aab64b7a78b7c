import { beforeEach, describe, expect, it } from 'vitest';
import { ADMIN, ALPHA, shareServer, startTestServer } from '../../support/server.ts';
import { callsOf, INVALID, ok, problem } from '../calls.ts';
import { ABSENT_KEY, changeAt, kmsCallsOf } from '../kms-calls.ts';

const UNUSABLE = [400, 'CSMS.0401'] as const;
const server = shareServer();
const kms = kmsCallsOf(server);
const acme = callsOf(server);

let made = 0;
let key_id: string;
let name: string;
beforeEach(async () => {
  made += 1;
  key_id = await kms.create(`key-${made}`);
  name = `secret-${made}`;
  await acme.create(name, { secret_string: 'first', kms_key_id: key_id });
});

/** What makes a key unusable, each by operations of the key service. */
const WAYS: Readonly<Record<string, () => Promise<unknown>>> = {
  'is disabled': () => kms.post('disable-key', { key_id }),
  'waits for its deletion': () => kms.post('schedule-key-deletion', { key_id, pending_days: '7' }),
  'is not enabled again after that': async () => {
    await kms.post('schedule-key-deletion', { key_id, pending_days: '7' });
    await kms.post('cancel-key-deletion', { key_id });
  },
  'is destroyed': async () => {
    await kms.post('schedule-key-deletion', { key_id, pending_days: '7' });
    const ref = { projectId: ALPHA, id: key_id };
    await changeAt(server, { kind: 'purge-key', ref, nowMs: Date.now() + 8 * 86_400_000 } as never);
  },
};

describe.each(Object.entries(WAYS))('a secret whose key %s', (_, break_) => {
  it('gives no value and takes none', async () => {
    expect(ok(await acme.get(`/${name}/versions/latest`)).version.secret_string).toBe('first');
    await break_();
    for (const version of ['latest', 'v1']) {
      const answer = await acme.get(`/${name}/versions/${version}`);
      expect(problem(answer)).toEqual(UNUSABLE);
      expect(answer.json.error_msg).toContain(
        'Can not get the protected secret value using the provided KMS key.',
      );
      expect(answer.text).not.toContain('first');
    }
    expect(problem(await acme.post(`/${name}/versions`, { secret_string: 'x' }))).toEqual(UNUSABLE);
    expect(problem(await acme.post('', { name: 'new', secret_string: 'x', kms_key_id: key_id }))).toEqual(
      UNUSABLE,
    );
    expect(problem(await acme.get('/new'))).toEqual([404, 'CSMS.0106']);
  });

  it('can be read, changed and deleted in every other way', async () => {
    ok(await acme.addVersion(name).then(() => acme.get(`/${name}`)));
    await break_();
    const { secret } = ok(await acme.get(`/${name}`));
    expect(secret.kms_key_id).toBe(key_id);
    expect(ok(await acme.get('')).secrets.map((entry: { name: string }) => entry.name)).toContain(name);
    expect(ok(await acme.get(`/${name}/versions`)).version_metadatas).toHaveLength(2);
    ok(await acme.put(`/${name}`, { description: 'changed' }));
    ok(await acme.put(`/${name}/stages/blue`, { version_id: 'v1' }));
    ok(await acme.get(`/${name}/stages/blue`));
    ok(await acme.remove(`/${name}/stages/blue`));
    ok(await acme.put(`/${name}/versions/v1`, { expire_time: 1 }));
    ok(await acme.post(`/${name}/scheduled-deleted-tasks/create`));
    ok(await acme.post(`/${name}/scheduled-deleted-tasks/cancel`));
    expect((await acme.remove(`/${name}`)).status).toBe(200);
  });

  it('can be moved to a key that works, for its later versions', async () => {
    await break_();
    const other = await kms.create(`other-${made}`);
    expect(ok(await acme.put(`/${name}`, { kms_key_id: other })).secret.kms_key_id).toBe(other);
    await acme.addVersion(name, { secret_string: 'second' });
    expect(ok(await acme.get(`/${name}/versions/latest`)).version.secret_string).toBe('second');
    expect(problem(await acme.get(`/${name}/versions/v1`))).toEqual(UNUSABLE);
  });

  it('is no key that a secret can be moved to', async () => {
    const working = `working-${made}`;
    const { kms_key_id } = await acme.create(working);
    await break_();
    expect(problem(await acme.put(`/${working}`, { kms_key_id: key_id, description: 'no' }))).toEqual(
      UNUSABLE,
    );
    expect(ok(await acme.get(`/${working}`)).secret).toMatchObject({ kms_key_id, description: '' });
  });
});

describe('a key that works again', () => {
  it('gives the values back, after being disabled and after a deletion that was called off', async () => {
    const value = async () => ok(await acme.get(`/${name}/versions/latest`)).version.secret_string;
    ok(await kms.post('disable-key', { key_id }));
    expect(problem(await acme.get(`/${name}/versions/latest`))).toEqual(UNUSABLE);
    ok(await kms.post('enable-key', { key_id }));
    expect(await value()).toBe('first');
    ok(await kms.post('schedule-key-deletion', { key_id, pending_days: '7' }));
    ok(await kms.post('cancel-key-deletion', { key_id }));
    expect(problem(await acme.get(`/${name}/versions/latest`))).toEqual(UNUSABLE);
    ok(await kms.post('enable-key', { key_id }));
    expect(await value()).toBe('first');
  });
});

describe('a key that is named by an alias or its URN', () => {
  it('is the key that the secret has, whatever its aliases are later', async () => {
    const urn = `kms:local-1:${ADMIN.domainId}:alias:key-${made}`;
    for (const [index, kms_key_id] of [`alias/key-${made}`, urn].entries()) {
      const named = `named-${made}-${index}`;
      expect((await acme.create(named, { secret_string: 'x', kms_key_id })).kms_key_id).toBe(key_id);
      const other = await acme.create(`moved-${made}-${index}`);
      expect(other.kms_key_id).not.toBe(key_id);
      const moved = ok(await acme.put(`/moved-${made}-${index}`, { kms_key_id })).secret;
      expect(moved.kms_key_id).toBe(key_id);
    }
    ok(await kms.post('update-key-alias', { key_id, key_alias: `renamed-${made}` }));
    expect(ok(await acme.get(`/named-${made}-0/versions/latest`)).version.secret_string).toBe('x');
    const gone = { name: 'new', secret_string: 'x', kms_key_id: `alias/key-${made}` };
    expect(problem(await acme.post('', gone))).toEqual(UNUSABLE);
  });

  it('is never made on first use, not even in dev', async () => {
    const dev = await startTestServer({ mode: 'dev' });
    try {
      const body = { name: 'new', secret_string: 'x', kms_key_id: 'alias/absent' };
      expect(problem(await callsOf(dev).post('', body))).toEqual(UNUSABLE);
    } finally {
      await dev.close();
    }
  });

  it.each(['alias/', 'alias/a b', 'kms:local-1:d:key:x', 'kms::d:alias:x', 'a/b'])(
    'cannot be %j',
    async (kms_key_id) => {
      expect(problem(await acme.post('', { name: 'new', secret_string: 'x', kms_key_id }))).toEqual(INVALID);
    },
  );
});

describe('a key that is not there', () => {
  it('is refused for a new secret and for a present one', async () => {
    expect(problem(await acme.post('', { name: 'new', secret_string: 'x', kms_key_id: ABSENT_KEY }))).toEqual(
      UNUSABLE,
    );
    expect(problem(await acme.put(`/${name}`, { kms_key_id: ABSENT_KEY }))).toEqual(UNUSABLE);
    expect(ok(await acme.get(`/${name}`)).secret.kms_key_id).toBe(key_id);
  });
});

describe('a key that dev makes again after it was destroyed', () => {
  it('is another key: it seals, and opens nothing of the destroyed one', async () => {
    const dev = await startTestServer({ mode: 'dev' });
    try {
      const secrets = callsOf(dev);
      await secrets.create('s', { secret_string: 'first', kms_key_id: 'again' });
      ok(await secrets.get('/s/versions/v1'));
      const keys = kmsCallsOf(dev);
      ok(await keys.post('schedule-key-deletion', { key_id: 'again', pending_days: '7' }));
      const ref = { projectId: ALPHA, id: 'again' };
      await changeAt(dev, { kind: 'purge-key', ref, nowMs: Date.now() + 8 * 86_400_000 } as never);
      await secrets.addVersion('s', { secret_string: 'second' });
      expect(ok(await secrets.get('/s/versions/latest')).version.secret_string).toBe('second');
      const lost = await secrets.get('/s/versions/v1');
      expect(lost.status).toBeGreaterThanOrEqual(400);
      expect(lost.text).not.toContain('first');
    } finally {
      await dev.close();
    }
  });
});
