import { describe, expect, it } from 'vitest';
import { ALPHA, GUEST, shareServer } from '../../support/server.ts';
import { problem, stopClock } from '../calls.ts';

describe('requests per second and principal', () => {
  const server = shareServer({ env: { CSMS_RATE_LIMIT: '2' } });

  it('are counted over the operations and the identity calls together, and refused with 429, others’ not', async () => {
    stopClock();
    const paths = ['/v3/projects', `/v1/${ALPHA}/secrets`, '/v3/auth/domains', '/v3/projects'];
    const answers = [];
    for (const path of paths) answers.push(await server.send({ method: 'GET', path }));
    const refused = answers.filter(({ status }) => status === 429);
    expect(answers.slice(0, 2).map(({ status }) => status)).toEqual([200, 200]);
    expect(refused).toHaveLength(2);
    for (const answer of refused) {
      expect(problem(answer)).toEqual([429, 'APIGW.0308']);
      expect(answer.headers['retry-after']).toBe('1');
    }
    expect((await server.send({ method: 'GET', path: '/v3/projects' }, GUEST)).status).toBe(200);
  });

  it('leave health checks alone', async () => {
    for (let count = 0; count < 5; count += 1) {
      expect((await server.sendUnsigned({ method: 'GET', path: '/healthz' })).status).toBe(200);
    }
  });
});

describe('a signed target', () => {
  const server = shareServer();

  it('has path parameters of 2,048 characters and no longer ones', async () => {
    const show = (characters: number) =>
      server.send({ method: 'GET', path: `/v1/${ALPHA}/secrets/${'a'.repeat(characters)}` });
    expect(problem(await show(2_048))).toEqual([400, 'CSMS.0002']);
    expect(problem(await show(2_049))).toEqual([414, 'APIGW.0201']);
  });

  /** The answer to a request whose target has so many characters. */
  function ask(pathCharacters: number, queryCharacters: number) {
    const [head, tail] = [`/v1/${ALPHA}/csms/`, `/tags/${'k'.repeat(2_048)}`];
    const path = head + 's'.repeat(pathCharacters - head.length - tail.length) + tail;
    return server.send({ method: 'DELETE', path: `${path}?q=${'a'.repeat(queryCharacters - 2)}` });
  }

  it('may be as long as its path and its query may be together', async () => {
    expect((await ask(4_096, 4_096)).status).not.toBe(401);
  });

  it('says which part of it is too long', async () => {
    expect(problem(await ask(4_097, 10))).toEqual([414, 'APIGW.0201']);
    const query = await ask(4_096, 4_097);
    expect([query.status, query.text]).toEqual([400, expect.stringContaining('4096 characters')]);
  });
});
