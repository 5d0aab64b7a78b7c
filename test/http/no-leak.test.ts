import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Answer, TestRequest } from '../support/exchange.ts';
import { ADMIN, ALPHA, GUEST, shareServer, startTestServer } from '../support/server.ts';
import { callsOf, loginBody } from './calls.ts';
import { exchange, requestText } from './raw-socket.ts';

const TEXT = 'canary-text "quoted" \\ /slash & é漢🔑 end-of-canary';
const BYTES = Buffer.from('canary-binary \x00\x01\xfe\xff end-of-canary', 'latin1');
const LIST = `/v1/${ALPHA}/secrets`;
const SCOPE = { project: { id: ALPHA } };

const server = shareServer({ mode: 'dev', listen: true });
/** Every answer but the one that carries the value, and the one that carries the token. */
const answers: string[] = [];
const carriers: Answer[] = [];
const canaries: Record<string, string | Buffer> = {
  text: TEXT,
  binary: BYTES,
  'secret key': ADMIN.secretKey,
  password: ADMIN.password,
};

/** The forms in which a canary could come back. */
function formsOf(canary: string | Buffer): Buffer[] {
  const bytes = Buffer.from(canary);
  const text = bytes.toString();
  // Inside a longer text, Base64 depends on where it starts: the middle of each of the three ways is looked for.
  const base64 = [0, 1, 2].map((shift) =>
    Buffer.concat([Buffer.alloc(shift), bytes])
      .toString('base64')
      .slice(4, -4),
  );
  const ascii = JSON.stringify(text)
    .slice(1, -1)
    .replaceAll(/[^\x20-\x7e]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`);
  const forms = [
    text,
    ...base64,
    ...base64.map((form) => form.replaceAll('+', '-').replaceAll('/', '_')),
    bytes.toString('hex'),
    bytes.toString('hex').toUpperCase(),
    JSON.stringify(text).slice(1, -1),
    JSON.stringify(JSON.stringify(text)).slice(3, -3),
    ascii,
    encodeURIComponent(text),
    encodeURIComponent(text).toLowerCase(),
    encodeURI(text),
  ];
  return [bytes, Buffer.from(text, 'utf16le'), ...forms.map((form) => Buffer.from(form))];
}

/** Names of the canaries that are in there, in any form. */
function found(haystack: Buffer, names = Object.keys(canaries)): string[] {
  return names.filter((name) => formsOf(canaries[name]!).some((form) => haystack.includes(form)));
}

async function send(request: TestRequest, user = ADMIN): Promise<Answer> {
  const answer = await server.send(request, user);
  answers.push(JSON.stringify(answer.headers), answer.text);
  return answer;
}

async function sendUnsigned(request: TestRequest): Promise<Answer> {
  const answer = await server.sendUnsigned(request);
  answers.push(answer.text);
  return answer;
}

beforeAll(async () => {
  canaries['root key'] =
    readFileSync(join(server.directory, 'root.key'), 'utf8').trim().split(/[\s:]/).at(-1) ?? '';
  await runEverything();
});

/** Every operation with the canaries in its values, then everything that can go wrong with them in it. */
async function runEverything(): Promise<void> {
  const login = await server.sendUnsigned({
    method: 'POST',
    path: '/v3/auth/tokens',
    body: loginBody(ADMIN, SCOPE),
  });
  answers.push(login.text);
  const token = login.headers['x-subject-token'] ?? '';
  canaries.token = token;
  const signed = server.sign({ method: 'GET', path: LIST });
  canaries.signature = /Signature=(\w+)/.exec(signed.Authorization ?? '')?.[1] ?? '';
  await sendUnsigned({ method: 'GET', path: LIST, headers: signed });
  await sendUnsigned({ method: 'GET', path: LIST, headers: { 'x-auth-token': token } });

  const at = (method: string, path: string, body?: unknown) => send({ method, path: `${LIST}${path}`, body });
  const secret_binary = BYTES.toString('base64');
  await at('POST', '', { name: 'db', secret_string: TEXT });
  await at('POST', '/db/versions', { secret_binary, version_stages: ['own'] });
  for (const path of ['', '/db', '/db/versions', '/db/stages/own']) await at('GET', path);
  carriers.push(await server.send({ method: 'GET', path: `${LIST}/db/versions/v1` }));
  carriers.push(await server.send({ method: 'GET', path: `${LIST}/db/versions/v2` }));
  const names = { secret_name_list: ['db', 'absent'] };
  carriers.push(await server.send({ method: 'POST', path: `${LIST}/batch-get-secret-value`, body: names }));
  const secret_string = TEXT;
  const secrets = [
    { name: 'imported', secret_string },
    { name: 'db', secret_string },
    { name: 'both', secret_string, secret_binary },
    { name: 'typed', secret_string: [TEXT] },
  ];
  await at('POST', '/batch-import', { secrets });
  await at('PUT', '/db', { description: 'changed', kms_key_id: 'a-key-of-dev' });
  await at('PUT', '/db/versions/v1', { expire_time: 1 });
  await at('PUT', '/db/stages/own', { version_id: 'v1' });
  for (let count = 0; count < 22; count += 1)
    await at('POST', '/db/versions', { secret_string: `${TEXT}${count}` });
  await at('POST', '', { name: 'gone', secret_string: TEXT });
  await at('DELETE', '/db/stages/own');
  await at('POST', '/db/scheduled-deleted-tasks/create');
  await at('GET', '/db/versions/v1');
  await at('POST', '/db/scheduled-deleted-tasks/cancel');
  const blob = await at('POST', '/db/backup');
  await at('POST', '/restore', { secret_blob: blob.json.secret_blob });
  await at('POST', '/checker/check', { type: '1', data: { a: TEXT } });
  await at('POST', '/checker/config', { checking_secret_strength: true });
  await at('POST', '/checker/config', { checking_secret_strength: false });
  for (const path of ['/v1/csms/users?offset=0&limit=10', `/v1/csms/users/${ADMIN.id}`])
    await send({ method: 'GET', path });
  for (const path of ['/v3/projects', '/v3/auth/domains', '/v3/users']) await send({ method: 'GET', path });
  // The deletion is the last of the successes; its answer is checked elsewhere.
  answers.push(
    (await server.app.inject({ method: 'DELETE', url: `${LIST}/gone`, headers: { 'x-auth-token': token } }))
      .payload,
  );
  await failInEveryWay(token);
}

async function failInEveryWay(token: string): Promise<void> {
  const quoted = JSON.stringify(TEXT);
  const post = (body: unknown, headers = {}) => send({ method: 'POST', path: LIST, body, headers });
  await post(`{"name":"x","secret_string":${quoted}`);
  await post(`{"name":"x","secret_string":${quoted},}`);
  await post(`${quoted}${quoted}`);
  await post(`{"__proto__":${quoted}}`);
  await post(TEXT);
  await post({ name: TEXT, secret_string: 'x' });
  await post({ name: 'x', secret_string: [TEXT] });
  await post({ name: 'x', secret_string: { [TEXT]: 1 } });
  await post({ name: 'x', secret_string: TEXT, secret_binary: BYTES.toString('base64') });
  await post({ name: 'x', secret_binary: TEXT });
  await post({ name: 'x', secret_string: TEXT, secret_type: TEXT });
  await post({ name: 'x', secret_string: TEXT, rotation_period: TEXT });
  await post({ name: 'x', secret_string: TEXT, event_subscriptions: [TEXT] });
  await post({ name: 'db', secret_string: TEXT });
  await post({ name: 'x', secret_string: TEXT.repeat(2_000) });
  await post({ name: 'x', secret_string: TEXT.repeat(12_000) });
  await post(TEXT, { 'content-type': 'text/plain' });
  await post({ name: 'x', secret_string: TEXT }, { 'x-project-id': 'b'.repeat(32) });
  await send(
    { method: 'POST', path: LIST, body: { secret_string: TEXT } },
    { ...ADMIN, secretKey: GUEST.secretKey },
  );
  const call = (path: string, body: unknown) => send({ method: 'POST', path, body });
  await call(`${LIST}/restore`, { secret_blob: TEXT });
  await call(`${LIST}/restore`, { secret_blob: `)CsmsServerSecretBackupV1.${btoa(ADMIN.password)}.QQ.QQ` });
  await call(`${LIST}/checker/check`, { type: TEXT, data: { a: TEXT } });
  await call(`${LIST}/checker/check`, { type: '1', data: { [TEXT]: 1 } });
  const change = '/v1/csms/users/change-password';
  await call(change, { old_password: ADMIN.password, password: ADMIN.password });
  await call(change, { old_password: ADMIN.password, password: 'short' });
  await call(change, { old_password: `${ADMIN.password}x`, password: `${ADMIN.password}${TEXT}` });
  await call(change, { old_password: [ADMIN.password], password: { [ADMIN.password]: 1 } });
  const encoded = encodeURIComponent(TEXT);
  for (const path of [`?marker=${encoded}`, `?limit=${encoded}`, `/${encoded}`])
    await send({ method: 'GET', path: `${LIST}${path}` });
  await send({ method: 'PUT', path: `${LIST}/db/stages/${encoded}`, body: { version_id: TEXT } });
  const csms = `/v1/${ALPHA}/csms`;
  await call(`${LIST}/batch-import`, { secrets: [TEXT] });
  await call(`${LIST}/batch-import`, `{"secrets":[{"secret_string":${quoted}]}`);
  await call(`${LIST}/batch-get-secret-value`, { secret_name_list: [TEXT] });
  await call(`${csms}/${'0'.repeat(36)}/tags`, { tag: { key: TEXT, value: TEXT } });
  await call(`${csms}/grants`, { resource_id: TEXT, validity_time: TEXT });
  await sendUnsigned({ method: 'GET', path: `/${encoded}?${encoded}` });
  const login = loginBody(ADMIN, SCOPE);
  for (const body of [loginBody(ADMIN, SCOPE, `${ADMIN.password}x`), JSON.stringify(login).slice(0, -2)])
    await sendUnsigned({ method: 'POST', path: '/v3/auth/tokens', body });
  await sendUnsigned({ method: 'GET', path: LIST, headers: { 'x-auth-token': `${token}x` } });
  const schemes = [
    `Bearer ${token}`,
    `SDK-HMAC-SHA256 ${ADMIN.secretKey}`,
    `Basic ${btoa(`a:${ADMIN.password}`)}`,
  ];
  for (const authorization of schemes)
    await sendUnsigned({ method: 'GET', path: LIST, headers: { authorization } });
  const [own, line] = [`X-Auth-Token: ${token}`, `POST ${LIST} HTTP/1.1`];
  const raw = [
    requestText(`GET /${encoded} HTTP/1.1`, [own]),
    requestText(line, ['Host: a', own, own], TEXT),
    requestText(line, ['Host: a', own, 'Content-Length: 1', 'Content-Length: 2'], TEXT),
    `${TEXT}\r\n\r\n`,
    requestText('GET / HTTP/1.1', ['Host: a', `X-Auth-Token: ${token.padEnd(40_000, 'x')}`]),
  ];
  for (const text of raw) {
    for (const { headers, body } of await exchange(server.baseUrl, [text]))
      answers.push(JSON.stringify([...headers]), body);
  }
}

describe('a canary', () => {
  it('is found by the search in every form', () => {
    for (const [name, canary] of Object.entries(canaries)) {
      expect(canary.length, name).toBeGreaterThanOrEqual(20);
      for (const form of formsOf(canary))
        expect(found(Buffer.concat([Buffer.from('xx'), form]))).toContain(name);
      const inBase64 = [0, 1, 2].map(
        (shift) => `${'x'.repeat(shift)}${Buffer.from(canary).toString('latin1')}yyy`,
      );
      for (const text of inBase64) {
        expect(found(Buffer.from(Buffer.from(text, 'latin1').toString('base64'))), name).toContain(name);
      }
    }
  });

  it('comes back only in the answer that may carry it', () => {
    expect(carriers.map(({ bytes }) => found(bytes))).toEqual([['text'], ['binary'], ['text']]);
    expect(answers.length).toBeGreaterThan(100);
    expect(answers.filter((answer) => found(Buffer.from(answer)).length > 0)).toEqual([]);
  });

  it('is in no line of the log, at level trace', () => {
    const lines = server.logText().split('\n');
    expect(lines.length).toBeGreaterThan(70);
    expect(lines.filter((line) => found(Buffer.from(line)).length > 0)).toEqual([]);
  });

  it('is in no metric', async () => {
    const metrics = await server.app.inject({ method: 'GET', url: '/metrics' });
    expect(found(metrics.rawPayload)).toEqual([]);
  });

  it('is in no file but those that hold it by contract', () => {
    // With a loaded row cache and a log of changes that is not folded back yet.
    const files = readdirSync(server.directory, { recursive: true, encoding: 'utf8' }).filter((name) =>
      statSync(join(server.directory, name)).isFile(),
    );
    expect(files).toEqual(expect.arrayContaining(['data/csms.db', 'data/csms.db-wal', 'data/csms.db-shm']));
    const byFile = files.map((name) => [name, found(readFileSync(join(server.directory, name)))] as const);
    expect(Object.fromEntries(byFile.filter(([, names]) => names.length > 0))).toEqual({
      'identities.yaml': ['secret key'],
      'root.key': ['root key'],
    });
  });

  it('is not in the database in plaintext after the server has stopped either', async () => {
    const stopped = await startTestServer();
    await callsOf(stopped).create('db', { secret_string: TEXT });
    await stopped.app.close();
    await stopped.composed.close();
    const data = join(stopped.directory, 'data');
    const contents = readdirSync(data).map((name) => readFileSync(join(data, name)));
    expect(contents.filter((content) => found(content, ['text']).length > 0)).toEqual([]);
  });
});
