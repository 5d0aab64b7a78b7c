import { beforeAll, describe, expect, it } from 'vitest';
import { ADMIN, ALPHA, GAMMA, GUEST, member, shareServer, type TestUser } from '../../support/server.ts';

const policy = (name: string, ...Statement: object[]) => ({ name, document: { Version: '5.0', Statement } });
const allow = (...Action: string[]) => ({ Effect: 'Allow', Action });
const [keyless, reader] = ['keyless', 'reader'].map(member);
const secrets = `/v1/${ALPHA}/secrets`;

describe('whether a request may be carried out', () => {
  const server = shareServer({
    identities: {
      policies: [policy('keyless', allow('csms:*:*')), policy('reader', allow('csms:secret:getVersion'))],
      users: { keyless: { policies: ['keyless'] }, reader: { policies: ['reader'] } },
    },
  });
  const call = (user: TestUser | undefined, method: string, path: string, body?: unknown) =>
    server.send({ method, path, ...(body !== undefined && { body }) }, user);
  const codeOf = async (...sent: Parameters<typeof call>) => {
    const { json, status } = await call(...sent);
    return [status, json?.error_code];
  };
  const REFUSED = [403, 'CSMS.0302'];

  beforeAll(async () => {
    await call(ADMIN, 'POST', secrets, { name: 'db', secret_string: 'x' });
    await call(ADMIN, 'POST', secrets, { name: 'waiting', secret_string: 'x' });
    await call(ADMIN, 'POST', `${secrets}/waiting/scheduled-deleted-tasks/create`);
  });

  it('follows its route and its project, and precedes its body and parameters', async () => {
    expect(await codeOf(reader, 'GET', `/v1/${ALPHA}/nothing`)).toEqual([404, 'APIGW.0101']);
    expect(await codeOf(reader, 'GET', `/v1/${GAMMA}/secrets`)).toEqual([403, 'APIGW.0302']);
    for (const query of ['?limit=0', '?limit=x', '?marker=*'])
      expect(await codeOf(reader, 'GET', `${secrets}${query}`)).toEqual(REFUSED);
    for (const body of ['{', 'null', '[]', { name: 1 }])
      expect(await codeOf(reader, 'POST', secrets, body)).toEqual(REFUSED);
    expect(await codeOf(reader, 'GET', `${secrets}/`)).toEqual(REFUSED);
  });

  it('follows parameters, existence and state where it is about the key, and precedes conflicts', async () => {
    expect(await codeOf(keyless, 'POST', secrets, { name: 'db' })).toEqual([400, 'CSMS.0002']);
    const value = { secret_string: 'x' };
    expect(await codeOf(keyless, 'POST', secrets, { name: 'db', ...value })).toEqual(REFUSED);
    expect(await codeOf(ADMIN, 'POST', secrets, { name: 'db', ...value })).toEqual([409, 'CSMS.0101']);
    for (const [method, path, body] of [
      ['POST', 'versions', value],
      ['GET', 'versions/latest', undefined],
      ['POST', 'backup', undefined],
    ] as const) {
      expect(await codeOf(keyless, method, `${secrets}/none/${path}`, body)).toEqual([404, 'CSMS.0106']);
      expect((await codeOf(keyless, method, `${secrets}/waiting/${path}`, body))[1]).toBe('CSMS.0109');
      expect(await codeOf(keyless, method, `${secrets}/db/${path}`, body)).toEqual(REFUSED);
    }
    expect(await codeOf(reader, 'GET', `${secrets}/db/versions/v9`)).toEqual([404, 'CSMS.0005']);
    expect(await codeOf(reader, 'GET', `${secrets}/db/versions/v1`)).toEqual(REFUSED);
  });

  it('is said in the line of the request, without what the request named', async () => {
    await call(reader, 'GET', `${secrets}/db`);
    const line = server.logged().findLast(({ msg }) => msg === 'request');
    expect(line).toMatchObject({
      status: 403,
      errorCode: 'CSMS.0302',
      reason: 'csms:secret:get: no policy allows it',
    });
  });
});

describe('the rate of a user', () => {
  const server = shareServer({ env: { CSMS_RATE_LIMIT: '1' } });

  it('counts before the project is looked up', async () => {
    const statuses = [];
    for (let sent = 0; sent < 8; sent += 1)
      statuses.push((await server.send({ method: 'GET', path: `/v1/${GAMMA}/secrets` }, GUEST)).status);
    expect(new Set(statuses)).toEqual(new Set([403, 429]));
  });
});
