import { describe, expect, it } from 'vitest';
import { shareServer, startTestServer } from '../../support/server.ts';
import { callsOf, INVALID, NO_SECRET, NOT_ENABLED, NOT_THERE, ok, problem } from '../calls.ts';

const server = shareServer();
const acme = callsOf(server);
const idsOf = async (name: string) =>
  ok(await acme.get(`/${name}/versions`)).version_metadatas.map(({ id }: { id: string }) => id);
const latest = async (name: string) => ok(await acme.get(`/${name}/versions/latest`)).version.secret_string;

describe('CreateSecretVersion', () => {
  it('returns the metadata of the next version, which takes SYSCURRENT', async () => {
    const { kms_key_id } = await acme.create('created');
    const before = Date.now();
    const answer = await acme.post('/created/versions', { secret_string: 'two' });
    expect(answer.status).toBe(200);
    const { create_time, ...rest } = answer.json.version_metadata;
    expect(Object.keys(answer.json)).toEqual(['version_metadata']);
    expect(create_time).toBeGreaterThanOrEqual(before);
    expect(rest).toEqual({
      id: 'v2',
      expire_time: null,
      kms_key_id,
      secret_name: 'created',
      version_stages: ['SYSCURRENT'],
    });
    expect(await acme.marks('created')).toEqual({ SYSCURRENT: 'v2', SYSPREVIOUS: 'v1' });
  });

  it('follows the worked example of the documents', async () => {
    await acme.create('worked');
    await acme.addVersion('worked');
    await acme.addVersion('worked');
    expect(await acme.marks('worked')).toEqual({ SYSCURRENT: 'v3', SYSPREVIOUS: 'v2' });
    await acme.addVersion('worked', { secret_string: 't', version_stages: ['test'] });
    expect(await acme.marks('worked')).toEqual({ SYSCURRENT: 'v3', SYSPREVIOUS: 'v2', test: 'v4' });
    for (let number = 5; number <= 20; number += 1) await acme.addVersion('worked');
    expect(await idsOf('worked')).toHaveLength(20);
    expect((await acme.addVersion('worked')).id).toBe('v21');
    expect(await idsOf('worked')).toEqual(Array.from({ length: 20 }, (_, index) => `v${index + 2}`));
    expect(await acme.marks('worked')).toEqual({ SYSCURRENT: 'v21', SYSPREVIOUS: 'v20', test: 'v4' });
    expect(problem(await acme.get('/worked/versions/v1'))).toEqual(NOT_THERE);
  });

  it.each([
    ['left out', undefined, { SYSCURRENT: 'v2', SYSPREVIOUS: 'v1' }],
    ['null', null, { SYSCURRENT: 'v2', SYSPREVIOUS: 'v1' }],
    ['empty', [], { SYSCURRENT: 'v2', SYSPREVIOUS: 'v1' }],
    ['SYSCURRENT twice', ['SYSCURRENT', 'SYSCURRENT'], { SYSCURRENT: 'v2', SYSPREVIOUS: 'v1' }],
    ['both built-in ones', ['SYSCURRENT', 'SYSPREVIOUS'], { SYSCURRENT: 'v2', SYSPREVIOUS: 'v2' }],
    ['two of its own', ['pending', 'used'], { SYSCURRENT: 'v1', pending: 'v2', used: 'v2' }],
  ])('places the stages when version_stages is %s', async (title, version_stages, marks) => {
    const name = `stages-${title.replaceAll(' ', '-')}`;
    await acme.create(name);
    await acme.addVersion(name, { secret_string: 'x', version_stages });
    expect(await acme.marks(name)).toEqual(marks);
  });

  it('takes an expiry, also one in the past, and null for none', async () => {
    await acme.create('expiring');
    const expiry = async (expire_time: number | null) =>
      ok(await acme.post('/expiring/versions', { secret_string: 'x', expire_time })).version_metadata
        .expire_time;
    expect(await expiry(9_999_999_999_999)).toBe(9_999_999_999_999);
    expect(await expiry(1_696_838_472_000)).toBe(1_696_838_472_000);
    expect(await expiry(0)).toBe(0);
    expect(await expiry(null)).toBeNull();
    expect(ok(await acme.get('/expiring/versions/v2')).version.version_metadata.expire_time).toBe(
      9_999_999_999_999,
    );
    expect(ok(await acme.get('/expiring/versions/v3')).version.secret_string).toBe('x');
  });

  it('refuses the 21st version when the operator wants that', async () => {
    const strict = await startTestServer({
      env: { CSMS_VERSION_CAP: 'reject', CSMS_LIMITS: 'versions=4,stages=3' },
    });
    const calls = callsOf(strict);
    await calls.create('full');
    for (let count = 0; count < 3; count += 1) await calls.addVersion('full');
    const refused = await calls.post('/full/versions', { secret_string: 'x' });
    const marks = await calls.marks('full');
    await strict.close();
    expect(problem(refused)).toEqual([400, 'CSMS.0202']);
    expect(refused.json.error_msg).toContain('at most 4 versions');
    expect(marks).toEqual({ SYSCURRENT: 'v4', SYSPREVIOUS: 'v3' });
  });
});

describe('ListSecretVersions', () => {
  it('returns metadata in order of the numbers, without values', async () => {
    const { kms_key_id } = await acme.create('listed', { secret_string: 'never-listed' });
    await acme.addVersion('listed', { secret_string: 'never-listed', expire_time: 5 });
    const answer = await acme.get('/listed/versions');
    const common = { create_time: expect.any(Number), kms_key_id, secret_name: 'listed' };
    expect(answer.status).toBe(200);
    expect(answer.json).toEqual({
      version_metadatas: [
        { id: 'v1', expire_time: null, version_stages: ['SYSPREVIOUS'], ...common },
        { id: 'v2', expire_time: 5, version_stages: ['SYSCURRENT'], ...common },
      ],
      page_info: { next_marker: null, previous_marker: 'v1', current_count: 2 },
    });
    expect(answer.text).not.toContain('never-listed');
  });

  it('pages by number, so that v10 comes behind v9', async () => {
    await acme.create('paged');
    for (let count = 0; count < 11; count += 1) await acme.addVersion('paged');
    const { version_metadatas, page_info } = ok(await acme.get('/paged/versions?limit=4&marker=v8'));
    expect(version_metadatas.map(({ id }: { id: string }) => id)).toEqual(['v9', 'v10', 'v11', 'v12']);
    expect(page_info).toEqual({ next_marker: null, previous_marker: 'v9', current_count: 4 });
    expect(ok(await acme.get('/paged/versions?limit=3&marker=v8')).page_info.next_marker).toBe('v11');
  });

  it('takes any number as marker, and answers an empty page behind the last', async () => {
    const empty = { next_marker: null, previous_marker: null, current_count: 0 };
    expect(ok(await acme.get('/paged/versions?marker=v0')).version_metadatas).toHaveLength(12);
    expect(ok(await acme.get('/paged/versions?marker=v12'))).toEqual({
      version_metadatas: [],
      page_info: empty,
    });
    expect(ok(await acme.get('/paged/versions?marker=v9999999999')).version_metadatas).toEqual([]);
  });
});

describe('ShowSecretVersion', () => {
  it('returns the text with its metadata, and no other kind of value', async () => {
    const { kms_key_id } = await acme.create('text', { secret_string: 'täxt' });
    const answer = await acme.get('/text/versions/v1');
    expect(answer.status).toBe(200);
    expect(answer.headers['content-length']).toBe(String(answer.bytes.length));
    expect(answer.json).toEqual({
      version: {
        version_metadata: {
          id: 'v1',
          create_time: expect.any(Number),
          expire_time: null,
          kms_key_id,
          secret_name: 'text',
          version_stages: ['SYSCURRENT'],
        },
        secret_string: 'täxt',
      },
    });
  });

  it('returns binary as the Base64 that was sent', async () => {
    await acme.create('binary', { secret_binary: 'AP/+QQ==' });
    const { version } = ok(await acme.get('/binary/versions/latest'));
    expect(version.secret_binary).toBe('AP/+QQ==');
    expect('secret_string' in version).toBe(false);
  });

  it('means the holder of SYSCURRENT by latest, wherever it is moved', async () => {
    await acme.create('moving', { secret_string: 'one' });
    await acme.addVersion('moving', { secret_string: 'two' });
    expect(await latest('moving')).toBe('two');
    ok(await acme.put('/moving/stages/SYSCURRENT', { version_id: 'v1' }));
    expect(await latest('moving')).toBe('one');
    await acme.addVersion('moving', { secret_string: 'three', version_stages: ['SYSPENDING'] });
    expect(await latest('moving')).toBe('one');
    ok(await acme.post('/moving/stages', { name: 'SYSCURRENT', version_id: 'v3' }));
    expect(await latest('moving')).toBe('three');
  });

  it.each([
    ['v0', NOT_THERE],
    ['v2', NOT_THERE],
    ['v9999999999', NOT_THERE],
    ['v99999999999', INVALID],
    ['SYSCURRENT', INVALID],
    ['v1%0A', INVALID],
  ])('answers for the version id %s', async (id, refusal) => {
    await acme.create('ids').catch(() => undefined);
    expect(problem(await acme.get(`/ids/versions/${id}`))).toEqual(refusal);
  });

  it('refuses an empty version id in the usual shape', async () => {
    await acme.create('no-id');
    const answer = await acme.get('/no-id/versions/');
    expect(problem(answer)).toEqual(INVALID);
    expect(answer.json.error_msg).toContain('version_id');
  });

  it('needs a secret for the latest too', async () => {
    expect(problem(await acme.get('/absent/versions/latest'))).toEqual(NO_SECRET);
  });
});

describe('UpdateVersion', () => {
  it('returns the version with its expiry and leaves the rest alone', async () => {
    await acme.create('update');
    const { version_metadata } = ok(await acme.get('/update/versions/v1')).version;
    const answer = await acme.put('/update/versions/v1', { expire_time: 1_893_456_000_000 });
    expect(answer.status).toBe(200);
    expect(answer.json).toEqual({
      version_metadata: { ...version_metadata, expire_time: 1_893_456_000_000 },
    });
    expect(ok(await acme.get('/update/versions')).version_metadatas).toEqual([answer.json.version_metadata]);
  });

  it('refuses latest and says why', async () => {
    const answer = await acme.put('/update/versions/latest', { expire_time: 1 });
    expect(problem(answer)).toEqual(INVALID);
    expect(answer.json.error_msg).toContain('version_id must name a version by its number');
  });

  it('needs a version', async () => {
    expect(problem(await acme.put('/update/versions/v2', { expire_time: 1 }))).toEqual(NOT_THERE);
    expect(problem(await acme.put('/update/versions/v0', { expire_time: 1 }))).toEqual(NOT_THERE);
    expect(problem(await acme.put('/update/versions/x', { expire_time: 1 }))).toEqual(INVALID);
  });

  it('needs an enabled secret', async () => {
    await acme.create('closed');
    ok(await acme.post('/closed/scheduled-deleted-tasks/create'));
    expect(problem(await acme.put('/closed/versions/v1', { expire_time: 1 }))).toEqual(NOT_ENABLED);
  });
});
