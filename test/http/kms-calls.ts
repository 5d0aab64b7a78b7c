import { join } from 'node:path';
import Database from 'better-sqlite3';
import type { KeyCommand } from '../../src/core/kms/keys.ts';
import { createKeyring } from '../../src/crypto/keyring.ts';
import { loadRootKey, parseRootKeySource } from '../../src/crypto/root-key.ts';
import { ACTOR } from '../support/acting.ts';
import type { Answer } from '../support/exchange.ts';
import { ADMIN, ALPHA, type TestServer, type TestUser } from '../support/server.ts';
import { ok } from './calls.ts';

/** The operations of the key service as one caller makes them in one project. */
export interface KmsCalls {
  readonly base: string;
  /** POST of an operation; the body is an object unless it is to be wrong. */
  post(operation: string, body?: unknown): Promise<Answer>;
  get(path: string): Promise<Answer>;
  remove(path: string, body?: unknown): Promise<Answer>;
  /** Creates a key and returns its id. */
  create(alias: string, more?: object): Promise<string>;
  /** The details of a key. */
  describe(keyId: string): Promise<Answer['json']>;
}

/** The calls of one user; paths start behind `/v1.0/<project>/kms/`. */
export function kmsCallsOf(server: TestServer, user: TestUser = ADMIN, project = ALPHA): KmsCalls {
  const base = `/v1.0/${project}/kms`;
  const send = (method: string, path: string, body?: unknown) =>
    server.send({ method, path: `${base}/${path}`, body }, user);
  const calls: KmsCalls = {
    base,
    post: (operation, body) => send('POST', operation, body),
    get: (path) => send('GET', path),
    remove: (path, body) => send('DELETE', path, body),
    create: async (key_alias, more = {}) =>
      ok(await calls.post('create-key', { key_alias, ...more })).key_info.key_id,
    describe: async (key_id) => ok(await calls.post('describe-key', { key_id })).key_info,
  };
  return calls;
}

/** Status, code and shape of a refusal of the key service: the same in the nested place and at the top. */
export function refusal(answer: Answer): readonly [number, string] {
  const { error, ...flat } = answer.json;
  const { code, message, ...nested } = error;
  if (JSON.stringify(nested) !== JSON.stringify(flat)) throw new Error(`two errors in ${answer.text}`);
  if (code !== flat.error_code || message !== flat.error_msg) throw new Error(`two codes in ${answer.text}`);
  return [answer.status, flat.error_code];
}

/** A key that is not there, under an id that could be one. */
export const ABSENT_KEY = '0d0466b0-e727-4d9c-b35d-f84bb474a37f';

/** Carries out a change as a background round would at that time. */
export async function changeAt(server: TestServer, command: Omit<KeyCommand, 'aggregate'>): Promise<boolean> {
  // The rest of the command decides which one it is.
  const whole = { aggregate: 'key', ...command } as KeyCommand;
  return (await server.composed.store.change(whole, ACTOR)).changed;
}

/** The keyring of a running server: with it a test can do what only background rounds do. */
export function keyringOf(server: TestServer) {
  const rootKey = loadRootKey(parseRootKeySource(`file:${join(server.directory, 'root.key')}`), {
    dataDirectory: join(server.directory, 'data'),
    env: {},
    allowEnv: false,
    allowInsideData: false,
    stretching: undefined,
  });
  const db = new Database(join(server.directory, 'data', 'csms.db'), { readonly: true });
  const installationId = db.prepare<[], string>('SELECT id FROM installation').pluck().get() ?? '';
  db.close();
  return createKeyring({ installationId, kek: rootKey.derive('kek') });
}
