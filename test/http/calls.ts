import { onTestFinished, vi } from 'vitest';
import type { Answer } from '../support/exchange.ts';
import { ADMIN, ALPHA, type TestServer, type TestUser } from '../support/server.ts';

/** 36 lower-case hex digits and dashes. */
export const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** The operations of the API as one caller makes them in one project. */
export interface Calls {
  readonly base: string;
  /** The same calls behind `/v1/<project>/csms`. */
  csms(method: string, path: string, body?: unknown): Promise<Answer>;
  get(path: string, headers?: Record<string, string>): Promise<Answer>;
  post(path: string, body?: unknown, headers?: Record<string, string>): Promise<Answer>;
  put(path: string, body?: unknown): Promise<Answer>;
  remove(path: string, body?: unknown, headers?: Record<string, string>): Promise<Answer>;
  /** Creates a secret and returns its wire form. */
  create(name: string, more?: object): Promise<WireSecret>;
  /** Adds a version and returns its metadata. */
  addVersion(name: string, more?: object): Promise<WireVersion>;
  /** Stage -> version id, over all versions. */
  marks(name: string): Promise<Record<string, string>>;
  /** Everything that can be read about a secret but its values. */
  snapshot(name: string): Promise<unknown>;
}

export interface WireSecret {
  readonly id: string;
  readonly name: string;
  readonly state: string;
  readonly kms_key_id: string;
  readonly create_time: number;
  readonly update_time: number;
}

export interface WireVersion {
  readonly id: string;
  readonly create_time: number;
  readonly version_stages: readonly string[];
}

/** The calls of one user; paths start behind `/v1/<project>/secrets`. */
export function callsOf(server: TestServer, user: TestUser = ADMIN, project = ALPHA): Calls {
  const base = `/v1/${project}/secrets`;
  const send = (method: string, path: string, body?: unknown, headers?: Record<string, string>) =>
    server.send({ method, path: `${base}${path}`, body, ...(headers && { headers }) }, user);
  const calls: Calls = {
    base,
    csms: (method, path, body) => server.send({ method, path: `/v1/${project}/csms${path}`, body }, user),
    get: (path, headers) => send('GET', path, undefined, headers),
    post: (path, body, headers) => send('POST', path, body, headers),
    put: (path, body) => send('PUT', path, body),
    remove: (path, body, headers) => send('DELETE', path, body, headers),
    async create(name, more = { secret_string: `value of ${name}` }) {
      return ok(await calls.post('', { name, ...more })).secret;
    },
    async addVersion(name, more = { secret_string: 'next' }) {
      return ok(await calls.post(`/${name}/versions`, more)).version_metadata;
    },
    async marks(name) {
      const versions: WireVersion[] = ok(await calls.get(`/${name}/versions`)).version_metadatas;
      return Object.fromEntries(
        versions.flatMap(({ id, version_stages }) => version_stages.map((stage) => [stage, id])),
      );
    },
    async snapshot(name) {
      const [secret, versions] = [
        await calls.get(`/${name}`),
        await calls.get(`/${name}/versions?limit=1000`),
      ];
      return [secret.status, secret.json, versions.json];
    },
  };
  return calls;
}

/** What a login with a password sends. */
export const loginBody = (user: TestUser, scope?: object, password = user.password) => ({
  auth: {
    identity: {
      methods: ['password'],
      password: { user: { name: user.name, password, domain: { name: user.domainName } } },
    },
    ...(scope && { scope }),
  },
});

/** Has the clock stand still for the rest of a test, however slow the machine: what is forgiven in time is not. */
export function stopClock(): void {
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() });
  onTestFinished(() => void vi.useRealTimers());
}

/** The body of an answer that must be a success. */
export function ok(answer: Answer): Answer['json'] {
  if (answer.status >= 300) throw new Error(`${answer.status} ${answer.text}`);
  return answer.json;
}

/** Status and code of an answer that must be an error. */
export function problem(answer: Answer): readonly [number, string] {
  if (answer.status < 400) throw new Error(`${answer.status}: no error`);
  return [answer.status, answer.json.error_code];
}

/** The refusals of the API, as status and code. */
export const INVALID = [400, 'CSMS.0002'] as const;
export const BAD_BODY = [400, 'CSMS.0004'] as const;
export const NO_SECRET = [404, 'CSMS.0106'] as const;
export const NOT_THERE = [404, 'CSMS.0005'] as const;
export const NOT_ENABLED = [403, 'CSMS.0109'] as const;
export const PENDING = [400, 'CSMS.0103'] as const;
