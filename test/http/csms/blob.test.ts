import { describe, expect, it } from 'vitest';
import { ADMIN, ALPHA, BETA, GAMMA, OUTSIDER, shareServer, startTestServer } from '../../support/server.ts';
import { callsOf, INVALID, NO_SECRET, NOT_ENABLED, ok, problem } from '../calls.ts';

const TAKEN = [409, 'CSMS.0101'] as const;
const NO_KEY = [400, 'CSMS.0401'] as const;

const server = shareServer({ mode: 'dev' });
const acme = callsOf(server);

const blobOf = async (name: string): Promise<string> => ok(await acme.post(`/${name}/backup`)).secret_blob;
const restore = (secret_blob: unknown) => acme.post('/restore', { secret_blob });

/** Everything that can be read about a secret, values included. */
async function everything(name: string) {
  const snapshot = await acme.snapshot(name);
  const marks = await acme.marks(name);
  const values = [];
  for (const { id } of ok(await acme.get(`/${name}/versions`)).version_metadatas)
    values.push(ok(await acme.get(`/${name}/versions/${id}`)));
  return { snapshot, marks, values };
}

describe('DownloadSecretBlob and UploadSecretBlob', () => {
  it('bring a secret back as it was: id, numbers, stages, times, values', async () => {
    await acme.create('db', {
      secret_string: 'é漢🔑 "quoted"\n',
      description: 'kept',
      enterprise_project_id: 'ep-1',
    });
    await acme.addVersion('db', { secret_binary: 'AP/+AQ==', version_stages: ['blue'], expire_time: 77 });
    for (let count = 0; count < 3; count += 1) await acme.addVersion('db', { secret_string: `v ${count}` });
    const before = await everything('db');
    const blob = await blobOf('db');
    ok(await acme.remove('/db'));
    expect(problem(await acme.get('/db'))).toEqual(NO_SECRET);
    const restored = ok(await restore(blob));
    expect([200, restored]).toEqual((before.snapshot as unknown[]).slice(0, 2));
    expect(await everything('db')).toEqual(before);
    expect((await acme.addVersion('db')).id).toBe('v6');
  });

  it('bring back tags and subscriptions, but no event that is gone', async () => {
    const target = { target_type: 'SMN', target_id: 'urn:smn:r:p:t', target_name: 't' };
    const event = { name: 'alarm', event_types: ['SECRET_DELETED'], state: 'ENABLED', notification: target };
    ok(await acme.csms('POST', '/events', event));
    const { id } = await acme.create('told', { secret_string: 'x', event_subscriptions: ['alarm'] });
    ok(await acme.csms('POST', `/${id}/tags`, { tag: { key: 'team', value: 'a' } }));
    const blob = await blobOf('told');
    ok(await acme.remove('/told'));
    expect(ok(await acme.csms('GET', '/tags')).tags).toEqual([]);
    ok(await acme.csms('DELETE', '/events/alarm'));
    expect(problem(await restore(blob))).toEqual(INVALID);
    ok(await acme.csms('POST', '/events', event));
    expect(ok(await restore(blob)).secret.event_subscriptions).toEqual(['alarm']);
    expect(ok(await acme.csms('GET', `/${id}/tags`)).tags).toEqual([{ key: 'team', value: 'a' }]);
    ok(await acme.remove('/told'));
  });

  it('hold twenty of the largest values, text and binary', async () => {
    const values = Array.from({ length: 20 }, (_, at) =>
      at % 2 === 0
        ? { secret_string: '\u0001'.repeat(65_536) }
        : { secret_binary: Buffer.alloc(65_536, at).toString('base64') },
    );
    await acme.create('large', values[0]);
    for (const value of values.slice(1)) await acme.addVersion('large', value);
    const blob = await blobOf('large');
    expect(blob.length).toBeGreaterThan(1_900_000);
    expect(blob.length).toBeLessThan(5_242_880);
    ok(await acme.remove('/large'));
    ok(await restore(blob));
    for (const [at, value] of values.entries()) {
      const { version } = ok(await acme.get(`/large/versions/v${at + 1}`));
      expect(version).toMatchObject(value);
    }
    ok(await acme.remove('/large'));
  });

  it('make another blob every time, and restore from an old one as often as is wanted', async () => {
    await acme.create('often');
    const blobs = [await blobOf('often'), await blobOf('often')];
    expect(blobs[0]).not.toBe(blobs[1]);
    for (const blob of [...blobs, blobs[0]]) {
      ok(await acme.remove('/often'));
      ok(await restore(blob));
      expect(ok(await acme.get('/often/versions/latest')).version.secret_string).toBe('value of often');
    }
  });

  it('keep a value that was read before apart from the one that was restored', async () => {
    await acme.create('stale', { secret_string: 'first' });
    const blob = await blobOf('stale');
    await acme.addVersion('stale', { secret_string: 'second' });
    ok(await acme.get('/stale/versions/latest'));
    ok(await acme.remove('/stale'));
    ok(await restore(blob));
    await acme.addVersion('stale', { secret_string: 'third' });
    expect(ok(await acme.get('/stale/versions/v2')).version.secret_string).toBe('third');
    expect(ok(await acme.get('/stale/versions/latest')).version.secret_string).toBe('third');
  });

  it('need a free name, also while the secret waits for deletion', async () => {
    await acme.create('taken');
    const blob = await blobOf('taken');
    expect(problem(await restore(blob))).toEqual(TAKEN);
    ok(await acme.post('/taken/scheduled-deleted-tasks/create'));
    expect(problem(await restore(blob))).toEqual(TAKEN);
    expect(problem(await acme.post('/taken/backup'))).toEqual(NOT_ENABLED);
  });

  it('restore in their own project only', async () => {
    await acme.create('bound');
    const blob = await blobOf('bound');
    const body = { secret_blob: blob };
    const others = [callsOf(server, ADMIN, BETA), callsOf(server, OUTSIDER, GAMMA)];
    for (const other of others) {
      const answer = await other.post('/restore', body);
      expect(problem(answer)).toEqual(INVALID);
      expect(answer.json.error_msg).toContain('another project');
      expect(problem(await other.get('/bound'))).toEqual(NO_SECRET);
    }
  });

  it('refuse a changed blob wherever it was changed, with one text', async () => {
    await acme.create('changed');
    const blob = await blobOf('changed');
    ok(await acme.remove('/changed'));
    const texts = new Set<string>();
    for (let at = ')CsmsServerSecretBackupV1.'.length; at < blob.length; at += 13) {
      if (blob[at] === '.') continue;
      const other = blob[at] === 'A' ? 'B' : 'A';
      const answer = await restore(`${blob.slice(0, at)}${other}${blob.slice(at + 1)}`);
      expect(answer.status, `character ${at}`).toBe(400);
      if (answer.json.error_msg.includes('damaged')) texts.add(answer.json.error_msg);
    }
    expect([...texts]).toEqual([
      'The value of parameter is invalid. secret_blob is damaged, or another installation has made it.',
    ]);
    expect(problem(await acme.get('/changed'))).toEqual(NO_SECRET);
    ok(await restore(blob));
  });

  it('refuse what another installation has made for the same project and key', async () => {
    const other = await startTestServer({ mode: 'dev' });
    const there = callsOf(other);
    await there.create('foreign', { secret_string: 'x', kms_key_id: 'shared-key-id' });
    await acme.create('local', { secret_string: 'x', kms_key_id: 'shared-key-id' });
    const blob = ok(await there.post('/foreign/backup')).secret_blob;
    const answer = await restore(blob);
    expect(problem(answer)).toEqual(INVALID);
    expect(answer.json.error_msg).toContain('another installation');
    // A key that this installation does not have is never made from a blob.
    await there.create('keyless', { secret_string: 'x', kms_key_id: 'only-there' });
    expect(problem(await restore(ok(await there.post('/keyless/backup')).secret_blob))).toEqual(NO_KEY);
    await other.close();
  });
});

describe('a restored secret that subscribes to an event', () => {
  it('lives on: its notifications are never taken for those of its former life', async () => {
    const topic = { target_type: 'SMN', target_id: 'urn:smn:r:p:t', target_name: 't' };
    const types = ['SECRET_VERSION_CREATED', 'SECRET_DELETED'];
    const event = { name: 'twice', event_types: types, state: 'ENABLED', notification: topic };
    ok(await acme.csms('POST', '/events', event));
    await acme.create('twice', { secret_string: 'x', event_subscriptions: ['twice'] });
    const blob = await blobOf('twice');
    for (let life = 0; life < 3; life += 1) {
      for (let version = 0; version < 3; version += 1) {
        ok(await acme.post('/twice/versions', { secret_string: 'x' }));
      }
      ok(await acme.remove('/twice'));
      ok(await restore(blob));
    }
    ok(await acme.remove('/twice'));
  });
});

describe('the body of a restore', () => {
  const path = `/v1/${ALPHA}/secrets/restore`;
  const padded = (bytes: number) => '{"secret_blob":"x","pad":"'.padEnd(bytes - 2, 'x').concat('"}');

  it('may have 8 MiB and no more', async () => {
    expect(problem(await server.send({ method: 'POST', path, body: padded(8_388_608) }))).toEqual(INVALID);
    expect(problem(await server.send({ method: 'POST', path, body: padded(8_388_609) }))).toEqual([
      413,
      'APIGW.0201',
    ]);
  });

  it('does not open the way for others', async () => {
    for (const other of [`/v1/${ALPHA}/secrets/db/versions`, `/v1/${ALPHA}/secrets/checker/check`]) {
      const answer = await server.send({ method: 'POST', path: other, body: padded(524_289) });
      expect(problem(answer)).toEqual([413, 'APIGW.0201']);
    }
    expect(problem(await server.send({ method: 'GET', path: `${path}`, body: padded(524_289) }))).toEqual([
      413,
      'APIGW.0201',
    ]);
  });
});

describe('a secret that is called like an operation', () => {
  it.each([
    ['checker', 'DELETE, GET, PUT'],
    ['restore', 'DELETE, GET, POST, PUT'],
    ['batch-import', 'DELETE, GET, POST, PUT'],
    ['batch-delete', 'DELETE, GET, POST, PUT'],
    ['batch-get-secret-value', 'DELETE, GET, POST, PUT'],
  ])('%s is a secret like any other', async (name, methods) => {
    await acme.create(name);
    expect(ok(await acme.get(`/${name}`)).secret.name).toBe(name);
    ok(await acme.put(`/${name}`, { description: 'd' }));
    await acme.addVersion(name);
    const blob = await blobOf(name);
    ok(await acme.remove(`/${name}`));
    expect(ok(await restore(blob)).secret.name).toBe(name);
    const refused = await server.send({ method: 'PATCH', path: `${acme.base}/${name}` });
    expect([...problem(refused), refused.headers.allow]).toEqual([405, 'APIGW.0101', methods]);
  });
});
