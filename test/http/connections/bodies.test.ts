import { describe, expect, it } from 'vitest';
import { BODY_BYTES_FREE, BODY_BYTES_MAX, LOGIN_BODY_BYTES_MAX } from '../../../src/http/wire/limits.ts';
import { ADMIN, ALPHA, shareServer } from '../../support/server.ts';
import { exchange, exchangeOne, requestText } from '../raw-socket.ts';

const LIST = `/v1/${ALPHA}/secrets`;
const server = shareServer({ listen: true });

const HEALTH = requestText('GET /healthz HTTP/1.1', ['Host: a']);
/** A value that makes a body long enough to be accounted for. */
const LONG = 'x'.repeat(BODY_BYTES_FREE);

function post(path: string, body: string, lines: readonly string[] = []): string {
  const head = ['Host: a', 'Content-Type: application/json', `Content-Length: ${body.length}`, ...lines];
  return requestText(`POST ${path} HTTP/1.1`, head, body);
}

function signed(body: string, changes: Readonly<Record<string, string>> = {}): string {
  const headers = { ...server.sign({ method: 'POST', path: LIST, body }), ...changes };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
  const head = [`Host: ${new URL(server.baseUrl).host}`, ...lines, `Content-Length: ${body.length}`];
  return requestText(`POST ${LIST} HTTP/1.1`, head, body);
}

describe('a long body', () => {
  it('is read for a signature by a known key, and for a token', async () => {
    const body = (name: string) => JSON.stringify({ name, secret_string: LONG });
    expect((await exchangeOne(server.baseUrl, signed(body('signed')))).status).toBe(200);
    const token = `X-Auth-Token: ${server.composed.issueToken(ADMIN.id, ALPHA)}`;
    expect((await exchangeOne(server.baseUrl, post(LIST, body('token'), [token]))).status).toBe(200);
  });

  it.each([
    ['no credentials', [], 'APIGW.0301', 'x-auth-token not found'],
    ['a token that is none', ['X-Auth-Token: none'], 'APIGW.0301', ''],
    ['an unknown scheme', ['Authorization: Bearer x'], 'APIGW.0301', ''],
    ['a signature without a key', ['Authorization: SDK-HMAC-SHA256 x'], 'APIGW.0305', ''],
  ])(
    'with %s is refused as a short one is, and the connection continues',
    async (_, lines, code, message) => {
      const answers = await exchange(server.baseUrl, [post(LIST, LONG + LONG, lines) + HEALTH], {
        answers: 2,
      });
      const [short] = await exchange(server.baseUrl, [post(LIST, '{}', lines)]);
      expect(answers.map(({ status }) => status)).toEqual([401, 200]);
      const { request_id: _one, ...refusal } = JSON.parse(answers[0]!.body);
      const { request_id: _other, ...same } = JSON.parse(short!.body);
      expect(refusal).toEqual(same);
      expect(refusal.error_code).toBe(code);
      expect(refusal.error_msg).toContain(message);
    },
  );

  it('with a signature by an unknown key is refused by the name of the key', async () => {
    const body = JSON.stringify({ name: 'unknown', secret_string: LONG });
    const { Authorization } = server.sign({ method: 'POST', path: LIST, body });
    const forged = Authorization!.replace(ADMIN.accessKeyId, 'AKNOBODY0000000009');
    const answer = await exchangeOne(server.baseUrl, signed(body, { Authorization: forged }));
    expect([answer.status, JSON.parse(answer.body).error_code]).toEqual([401, 'APIGW.0301']);
    expect(answer.body).toContain('AKNOBODY0000000009');
  });

  it('arrives whole when it comes in pieces', async () => {
    const body = JSON.stringify({ name: 'pieces', secret_string: `${LONG}äöü` });
    const bytes = Buffer.from(body);
    const headers = Object.entries(server.sign({ method: 'POST', path: LIST, body }));
    const lines = [
      `Host: ${new URL(server.baseUrl).host}`,
      ...headers.map(([name, value]) => `${name}: ${value}`),
    ];
    const length = `Content-Length: ${bytes.length}`;
    const head = requestText(`POST ${LIST} HTTP/1.1`, [...lines, length]);
    const pieces = [head, bytes.subarray(0, 1), bytes.subarray(1, 4_000), bytes.subarray(4_000)];
    expect((await exchangeOne(server.baseUrl, pieces, { pauseMs: 20 })).status).toBe(200);
  });

  it('that is too large ends the connection, with and without credentials', async () => {
    const text = post(LIST, '').replace('Content-Length: 0', `Content-Length: ${BODY_BYTES_MAX + 1}`);
    const answer = await exchangeOne(server.baseUrl, text);
    expect([answer.status, answer.headers.get('connection')]).toEqual([413, 'close']);
  });
});

describe('a body that asks for a token', () => {
  const login = (bytes: number) => post('/v3/auth/tokens', JSON.stringify({ a: 'x'.repeat(bytes - 8) }));

  it('may have 16 KiB', async () => {
    expect((await exchangeOne(server.baseUrl, login(LOGIN_BODY_BYTES_MAX))).status).toBe(400);
    const answer = await exchangeOne(server.baseUrl, login(LOGIN_BODY_BYTES_MAX + 1));
    expect([answer.status, JSON.parse(answer.body).error.code]).toEqual([413, 413]);
  });
});
