import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ADMIN, ALPHA, BETA, shareServer } from '../../support/server.ts';
import { callsOf, INVALID, ok, problem } from '../calls.ts';

const server = shareServer();
const acme = callsOf(server);
const beta = callsOf(server, ADMIN, BETA);
const set = (on: unknown) => acme.post('/checker/config', { checking_secret_strength: on });
const STRONG = 'gX4kW9bZ2fM7tQ5h';

describe('ShowSecretsConfig and UpdateSecretsConfig', () => {
  it('show false until it is set, then what was set', async () => {
    expect(ok(await acme.get('/checker/config'))).toEqual({ checking_secret_strength: false });
    for (const on of [true, true, false, true]) {
      expect(ok(await set(on))).toEqual({ checking_secret_strength: on });
      expect(ok(await acme.get('/checker/config'))).toEqual({ checking_secret_strength: on });
    }
    expect(ok(await beta.get('/checker/config'))).toEqual({ checking_secret_strength: false });
    ok(await set(false));
  });

  it('leave the switch as it is when nothing is said', async () => {
    ok(await set(true));
    for (const body of [{}, { checking_secret_strength: null }])
      expect(ok(await acme.post('/checker/config', body))).toEqual({ checking_secret_strength: true });
    ok(await set(false));
  });
});

describe('while values are checked', () => {
  beforeAll(async () => {
    await acme.create('before', { secret_string: 'weak' });
    ok(await set(true));
  });
  afterAll(async () => {
    ok(await set(false));
  });

  it('weak values are refused with the reason, and not stored', async () => {
    const answers = [
      await acme.post('', { name: 'weak', secret_string: 'qwertyuiop1234' }),
      await acme.post('', { name: 'weak', secret_string: '{"username":"root","password":"123456"}' }),
      await acme.post('/before/versions', { secret_string: 'Passw0rd2024' }),
    ];
    for (const answer of answers) {
      expect(problem(answer)).toEqual(INVALID);
      expect(answer.json.error_msg).toMatch(/secret_string is too weak for this project: it /);
      expect(answer.text).not.toMatch(/qwerty|123456|Passw0rd/);
    }
    expect(ok(await acme.get('/before/versions')).version_metadatas).toHaveLength(1);
    expect(ok(await acme.get('')).secrets.map(({ name }: { name: string }) => name)).toEqual(['before']);
  });

  it('others are taken: strong ones, bytes, and all in other projects', async () => {
    await acme.create('strong', { secret_string: STRONG });
    await acme.create('bytes', { secret_binary: 'AAAA' });
    await acme.addVersion('before', { secret_string: STRONG });
    await beta.create('weak', { secret_string: 'weak' });
  });

  it('what was stored before stays readable, and a backup of it can be restored', async () => {
    expect(ok(await acme.get('/before/versions/v1')).version.secret_string).toBe('weak');
    const blob = ok(await acme.post('/before/backup'));
    ok(await acme.remove('/before'));
    ok(await acme.post('/restore', blob));
    expect(ok(await acme.get('/before/versions/v1')).version.secret_string).toBe('weak');
  });
});

describe('CheckSecrets', () => {
  const check = (body: unknown) => acme.post('/checker/check', body);

  it('rates each value under its name', async () => {
    const answer = ok(
      await check({ type: '1', data: { a: 'password', 'b c': STRONG, constructor: 'gX4kW9bZ' } }),
    );
    expect(answer).toEqual({
      type: '1',
      data: {
        a: { strength: 'weak', reasons: ['common', 'one-kind'] },
        'b c': { strength: 'strong', reasons: [] },
        constructor: { strength: 'medium', reasons: [] },
      },
    });
  });

  it('stores nothing, whether values are checked or not', async () => {
    const before = ok(await acme.get(''));
    ok(await check({ type: '1', data: { name: 'password' } }));
    expect(ok(await acme.get(''))).toEqual(before);
  });

  it('rates values as large as a body can hold', async () => {
    const data = { a: 'ab'.repeat(120_000), b: 'a'.repeat(120_000) };
    expect(ok(await check({ type: '1', data })).data.b.strength).toBe('weak');
  });

  it('is a path under the project', async () => {
    const path = `/v1/${ALPHA}/secrets/checker/check`;
    expect((await server.send({ method: 'GET', path })).status).toBe(405);
  });
});
