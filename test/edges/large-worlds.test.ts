import { join } from 'node:path';
import Database from 'better-sqlite3';
import { expect, it } from 'vitest';
import { control, TOKEN } from '../companion/control.ts';
import { ADMIN, ALPHA, shareServer } from '../support/server.ts';

const MIB = 1_048_576;
const SECRETS = `/v1/${ALPHA}/secrets`;
const server = shareServer({ mode: 'dev', listen: true, env: { CSMS_CONTROL_TOKEN: TOKEN } });

/** Makes main so many bytes larger, as its own rows would in a long time. */
function fill(bytes: number): void {
  const db = new Database(join(server.directory, 'data', 'csms.db'));
  db.exec('CREATE TABLE IF NOT EXISTS filler (bytes BLOB)');
  db.prepare('INSERT INTO filler VALUES (zeroblob(?))').run(bytes);
  db.close();
}

it('a fork may grow to 256 MiB, and a larger world is not copied', async () => {
  fill(255 * MIB);
  const { json, status } = await control(server, 'POST', '', { body: { name: 'large' } });
  expect(status).toBe(201);
  const { ak: accessKeyId, sk: secretKey } = json.credentials;
  const user = { ...ADMIN, accessKeyId, secretKey };
  const create = (name: string, secret_string: string) =>
    server.send({ method: 'POST', path: SECRETS, body: { name, secret_string } }, user);
  const statuses: number[] = [];
  for (let index = 0; index < 40 && (statuses.at(-1) ?? 200) === 200; index += 1) {
    statuses.push((await create(`s${index}`, 'x'.repeat(65_000))).status);
  }
  expect(statuses.length).toBeLessThan(40);
  expect(statuses.at(-1)).toBe(507);
  const secrets = Array.from({ length: 40 }, (_, index) => ({
    name: `t${index}`,
    secret_string: 'x'.repeat(65_000),
  }));
  const seed = { body: JSON.stringify({ csms: '1', secrets }) };
  const unsown = await control(server, 'PUT', '/large/seed', seed);
  expect([unsown.status, unsown.json.error_code]).toEqual([413, 'too-large']);
  const read = await server.send({ method: 'GET', path: `${SECRETS}/s0/versions/latest` }, user);
  expect(read.json.version.secret_string).toHaveLength(65_000);
  // Main has its disk.
  expect((await server.send({ method: 'GET', path: SECRETS })).json.secrets).toEqual([]);
  fill(2 * MIB);
  for (const [method, path] of [
    ['POST', ''],
    ['GET', '/main/seed'],
  ] as const) {
    const refused = await control(server, method, path);
    expect([refused.status, refused.json.error_code]).toEqual([413, 'too-large']);
  }
  expect((await control(server, 'POST', '/large/reset')).status).toBe(200);
  expect((await create('after', 'x')).status).toBe(200);
  expect((await control(server, 'DELETE', '/large')).status).toBe(204);
});
