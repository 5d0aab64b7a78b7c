import { beforeAll, describe, expect, it } from 'vitest';
import { shareServer } from '../../support/server.ts';
import { callsOf, INVALID, NOT_THERE, ok, problem } from '../calls.ts';

const server = shareServer();
beforeAll(async () => {
  await acme.create('db');
  await acme.addVersion('db');
  await acme.addVersion('db');
});
const acme = callsOf(server);

describe('CreateSecretStage and UpdateSecretStage', () => {
  it('attach a stage and answer where it is', async () => {
    const before = Date.now();
    const posted = await acme.post('/db/stages', { name: 'blue', version_id: 'v1' });
    const put = await acme.put('/db/stages/green', { version_id: 'v2' });
    const stageOf = (name: string, version_id: string) => ({
      stage: { name, update_time: expect.any(Number), secret_name: 'db', version_id },
    });
    expect([posted.status, put.status]).toEqual([200, 200]);
    expect(posted.json).toEqual(stageOf('blue', 'v1'));
    expect(put.json).toEqual(stageOf('green', 'v2'));
    expect(posted.json.stage.update_time).toBeGreaterThanOrEqual(before);
    expect(ok(await acme.get('/db/stages/blue'))).toEqual(posted.json);
  });

  it.each([
    ['POST', (version_id: string) => acme.post('/db/stages', { name: 'moving', version_id })],
    ['PUT', (version_id: string) => acme.put('/db/stages/moving', { version_id })],
  ])('move a stage that is in use, with %s, and nothing else', async (_, move) => {
    ok(await move('v1'));
    const { moving, ...others } = await acme.marks('db');
    expect(moving).toBe('v1');
    expect(ok(await move('v3')).stage.version_id).toBe('v3');
    expect(ok(await move('v3')).stage.version_id).toBe('v3');
    expect(await acme.marks('db')).toEqual({ ...others, moving: 'v3' });
  });

  it('move SYSCURRENT without taking SYSPREVIOUS along', async () => {
    await acme.create('rollback');
    await acme.addVersion('rollback');
    ok(await acme.put('/rollback/stages/SYSCURRENT', { version_id: 'v1' }));
    expect(await acme.marks('rollback')).toEqual({ SYSCURRENT: 'v1', SYSPREVIOUS: 'v1' });
    ok(await acme.put('/rollback/stages/SYSPREVIOUS', { version_id: 'v2' }));
    expect(await acme.marks('rollback')).toEqual({ SYSCURRENT: 'v1', SYSPREVIOUS: 'v2' });
  });

  it('leave the secret’s update_time alone', async () => {
    const { update_time } = ok(await acme.get('/db')).secret;
    ok(await acme.put('/db/stages/quiet', { version_id: 'v1' }));
    expect(ok(await acme.get('/db')).secret.update_time).toBe(update_time);
  });

  it('count the built-in stages: ten of its own fit, an eleventh does not', async () => {
    await acme.create('crowded');
    for (let count = 1; count <= 10; count += 1)
      ok(await acme.put(`/crowded/stages/s${count}`, { version_id: 'v1' }));
    expect(problem(await acme.put('/crowded/stages/s11', { version_id: 'v1' }))).toEqual([400, 'CSMS.0203']);
    const refused = await acme.post('/crowded/stages', { name: 's11', version_id: 'v1' });
    expect(problem(refused)).toEqual([400, 'CSMS.0203']);
    expect(refused.json.error_msg).toContain('at most 12 stages');
    ok(await acme.put('/crowded/stages/s10', { version_id: 'v1' }));
    ok(await acme.remove('/crowded/stages/s3'));
    ok(await acme.put('/crowded/stages/s11', { version_id: 'v1' }));
  });

  it.each([
    ['v9', NOT_THERE],
    ['v01', NOT_THERE],
    [`v${'9'.repeat(63)}`, NOT_THERE],
    [`v${'9'.repeat(64)}`, INVALID],
    ['latest', INVALID],
  ])('refuse the version id %j', async (version_id, refusal) => {
    expect(problem(await acme.post('/db/stages', { name: 'n', version_id }))).toEqual(refusal);
    expect(problem(await acme.put('/db/stages/n', { version_id }))).toEqual(refusal);
    expect(problem(await acme.get('/db/stages/n'))).toEqual(NOT_THERE);
  });
});

describe('ShowSecretStage', () => {
  it('answers for the built-in stages too', async () => {
    const { stage } = ok(await acme.get('/db/stages/SYSCURRENT'));
    expect(stage).toEqual({
      name: 'SYSCURRENT',
      update_time: expect.any(Number),
      secret_name: 'db',
      version_id: 'v3',
    });
  });

  it('distinguishes names by case', async () => {
    expect(problem(await acme.get('/db/stages/syscurrent'))).toEqual(NOT_THERE);
  });
});

describe('DeleteSecretStage', () => {
  it('returns 204 without a body, once', async () => {
    ok(await acme.put('/db/stages/doomed', { version_id: 'v1' }));
    const answer = await acme.remove('/db/stages/doomed');
    expect([answer.status, answer.text]).toEqual([204, '']);
    expect(answer.headers['content-type']).toBeUndefined();
    expect(problem(await acme.get('/db/stages/doomed'))).toEqual(NOT_THERE);
    expect(problem(await acme.remove('/db/stages/doomed'))).toEqual(NOT_THERE);
    expect(ok(await acme.get('/db/versions/v1')).version.version_metadata.id).toBe('v1');
  });

  it.each(['SYSCURRENT', 'SYSPREVIOUS'])('refuses %s', async (name) => {
    const answer = await acme.remove(`/db/stages/${name}`);
    expect(answer.status).toBe(400);
    expect(answer.json).toEqual({
      error_code: 'CSMS.0105',
      error_msg: 'Can not delete the system internal stage.',
    });
  });

  it('refuses SYSPREVIOUS also while it marks nothing', async () => {
    await acme.create('young');
    expect(problem(await acme.remove('/young/stages/SYSPREVIOUS'))).toEqual([400, 'CSMS.0105']);
  });
});
