import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { ALPHA, GUEST, shareServer } from '../../support/server.ts';
import { callsOf, ok, problem } from '../calls.ts';
import { exchangeOne, requestText } from '../raw-socket.ts';

const server = shareServer({ listen: true });

const LIST = `/v1/${ALPHA}/secrets`;

/** Signs one target and sends another one, byte for byte. */
async function sendOther(method: string, signed: string, sent: string | Buffer): Promise<number> {
  const lines = Object.entries(server.sign({ method, path: signed })).map(
    ([name, value]) => `${name}: ${value}`,
  );
  const head = requestText(' HTTP/1.1', [`Host: ${new URL(server.baseUrl).host}`, ...lines]);
  const pieces = Buffer.concat([Buffer.from(`${method} `), Buffer.from(sent), Buffer.from(head)]);
  return (await exchangeOne(server.baseUrl, pieces)).status;
}

describe('a signature for one target', () => {
  it('does not delete another secret than the one that was named', async () => {
    await callsOf(server).create('victim');
    expect(await sendOther('DELETE', `${LIST}/victim%23`, `${LIST}/victim#`)).toBe(400);
    expect((await callsOf(server).get('/victim')).status).toBe(200);
  });

  it('is not taken for one with raw bytes', async () => {
    const raw = Buffer.concat([Buffer.from(`${LIST}/`), Buffer.from([0xc3, 0xaa])]);
    expect(await sendOther('GET', `${LIST}/%C3%AA`, raw)).toBe(400);
  });

  it('is not taken for one that is encoded once less', async () => {
    expect(await sendOther('GET', '/v1/csms/users/%2520', '/v1/csms/users/%20')).toBe(401);
  });

  it('still names a literal {project_id}', async () => {
    const signed = LIST.replace(ALPHA, '%257Bproject_id%257D');
    expect(await sendOther('GET', signed, signed.replaceAll('%25', '%'))).toBe(400);
  });
});

describe('a + in the query', () => {
  beforeAll(async () => {
    const file = join(server.directory, 'identities.yaml');
    writeFileSync(file, readFileSync(file, 'utf8').replace(`name: ${GUEST.name}`, 'name: gu+est'));
    await server.composed.reload();
  });

  const usersNamed = async (signed: string, sent: string) => {
    const headers = server.sign({ method: 'GET', path: `/v3/users?name=${signed}` }, GUEST);
    return ok(await server.sendUnsigned({ method: 'GET', path: `/v3/users?name=${sent}`, headers })).users;
  };

  it('is what the signature says that it is: itself, or a blank', async () => {
    expect(await usersNamed('gu%2Best', 'gu+est')).toHaveLength(1);
    expect(await usersNamed('gu+est', 'gu+est')).toHaveLength(1);
    expect(await usersNamed('gu%20est', 'gu+est')).toEqual([]);
  });
});

describe('a target', () => {
  const send = (path: string) => server.sendUnsigned({ method: 'GET', path });
  const pairs = (count: number) => Array.from({ length: count }, (_, index) => `a${index}=1`).join('&');

  it('may hold 64 parameters and 4,096 characters of query, and is refused before anything else beyond', async () => {
    expect((await send(`${LIST}?${pairs(64)}`)).status).toBe(401);
    expect(problem(await send(`${LIST}?${pairs(65)}`))).toEqual([400, 'APIGW.0201']);
    expect((await send(`${LIST}?a=${'x'.repeat(4_094)}`)).status).toBe(401);
    expect(problem(await send(`${LIST}?a=${'x'.repeat(4_095)}`))).toEqual([400, 'APIGW.0201']);
    expect(problem(await send(`${LIST}?${'&'.repeat(64)}`))).toEqual([400, 'APIGW.0201']);
  });

  it('may have a path of 4,096 characters', async () => {
    expect(problem(await send(`/${'a/'.repeat(2_047)}a`))).toEqual([404, 'APIGW.0101']);
    expect(problem(await send(`/${'a/'.repeat(2_048)}`))).toEqual([414, 'APIGW.0201']);
  });
});
