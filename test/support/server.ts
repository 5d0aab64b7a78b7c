import { hash } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import pino from 'pino';
import { afterAll, afterEach, beforeAll, beforeEach } from 'vitest';
import { stringify } from 'yaml';
import { hashPassword } from '../../src/auth/logins/password.ts';
import { signRequest } from '../../src/auth/signatures/signer.ts';
import { createCompanion } from '../../src/companion/companion.ts';
import { type Composed, compose } from '../../src/compose/server.ts';
import { type Config, readConfig } from '../../src/config/config.ts';
import type { ServerMode } from '../../src/config/setting-values.ts';
import { createRootKeyFile } from '../../src/crypto/root-key.ts';
import type { App } from '../../src/http/app.ts';
import type { PressureGauge } from '../../src/http/requests/pressure.ts';
import type { Answer, TestRequest } from './exchange.ts';
import { headersOf, inject, payloadOf } from './injection.ts';

/** Someone with an access key and a password. */
export interface TestUser {
  readonly id: string;
  readonly name: string;
  readonly password: string;
  readonly accessKeyId: string;
  readonly secretKey: string;
  readonly domainId: string;
  readonly domainName: string;
}

const ACME = { domainId: '1'.repeat(32), domainName: 'acme' };
const GLOBEX = { domainId: '2'.repeat(32), domainName: 'globex' };
/** Two projects of acme, and one of globex. */
export const ALPHA = 'a1'.repeat(16);
export const BETA = 'b2'.repeat(16);
export const GAMMA = 'c3'.repeat(16);

/** Reaches ALPHA and BETA. */
export const ADMIN: TestUser = {
  ...ACME,
  id: 'd4'.repeat(16),
  name: 'admin',
  password: 'Canary-password-0f61',
  accessKeyId: 'AKADMIN00000000001',
  secretKey: 'CanarySecretKeyOfAdmin7c2e9b41d05a63f8',
};
/** Reaches ALPHA alone. */
export const GUEST: TestUser = {
  ...ACME,
  id: 'e5'.repeat(16),
  name: 'guest',
  password: 'Guest-password-77aa',
  accessKeyId: 'AKGUEST00000000002',
  secretKey: 'CanarySecretKeyOfGuest1b2c3d4e5f607182',
};
/** Reaches GAMMA. */
export const OUTSIDER: TestUser = {
  ...GLOBEX,
  id: 'f6'.repeat(16),
  name: 'outsider',
  password: 'Outsider-password-33cc',
  accessKeyId: 'AKOUTSIDER00000003',
  secretKey: 'CanarySecretKeyOfOther90817263544f3e2d',
};

/** Someone else of acme who reaches ALPHA, where the identities of a test name it. */
export function member(name: string): TestUser {
  const digest = hash('sha256', name);
  const [id, secretKey] = [digest.slice(0, 32), digest.slice(24)];
  return {
    ...ACME,
    id,
    name,
    password: `${name}-password-1`,
    accessKeyId: `AK${id.slice(0, 16).toUpperCase()}`,
    secretKey,
  };
}

/** A server that is put together as in production, over a directory of its own. */
export interface TestServer {
  readonly app: App;
  readonly composed: Composed;
  /** Holds the data directory `data`, `root.key` and `identities.yaml`. */
  readonly directory: string;
  /** `http://127.0.0.1:port`; `http://csms.test` unless it listens. */
  readonly baseUrl: string;
  /** Signs and sends a request; the answer is checked against the OpenAPI document. */
  send(request: TestRequest, user?: TestUser): Promise<Answer>;
  /** Sends a request without credentials of its own. */
  sendUnsigned(request: TestRequest): Promise<Answer>;
  /** The headers that make the request a signed one. */
  sign(request: TestRequest, user?: TestUser): Record<string, string>;
  /** Everything logged so far, one JSON object a line. */
  logText(): string;
  logged(): Record<string, unknown>[];
  close(): Promise<void>;
}

/** A fresh directory with everything that a server starts from, and its settings. */
export async function prepareFiles(
  mode: ServerMode,
  env: Readonly<Record<string, string>> = {},
  identities: TestIdentities = {},
): Promise<{ readonly config: Config; readonly directory: string }> {
  const directory = mkdtempSync(join(tmpdir(), 'csms-http-'));
  const config = readConfig(mode, {
    CSMS_PORT: '0',
    CSMS_DATA: join(directory, 'data'),
    CSMS_ROOT_KEY: `file:${join(directory, 'root.key')}`,
    CSMS_IDENTITIES: join(directory, 'identities.yaml'),
    CSMS_LOG_LEVEL: 'trace',
    // The hosts that tests name: theirs when they do not listen, and one of a single letter on a socket.
    CSMS_ALLOWED_HOSTS: 'csms.test,a',
    ...env,
  });
  mkdirSync(config.dataDirectory, { mode: 0o700 });
  createRootKeyFile(join(directory, 'root.key'));
  writeFileSync(join(directory, 'identities.yaml'), await identitiesYaml(identities), { mode: 0o600 });
  return { config, directory };
}

/** A test does its own work on the server's thread: the server is not to take itself for overloaded on a slow machine. */
export const NO_PRESSURE: PressureGauge = { isHigh: () => false, stop: () => undefined };

/** What a server is started with. `env` holds settings as an operator would give them; it listens only when asked to. */
export interface ServerOptions {
  readonly mode?: ServerMode;
  readonly env?: Readonly<Record<string, string>>;
  readonly listen?: boolean;
  readonly pressure?: PressureGauge;
  /** What users may do; absent: everything. */
  readonly identities?: TestIdentities;
}

/** The identities of a test: the users whom it names have these policies, and may be in groups of acme. */
export interface TestIdentities {
  readonly policies?: readonly { readonly name: string; readonly document: object }[];
  /** By name: ADMIN, GUEST, or what `member` returns. */
  readonly users?: Readonly<
    Record<
      string,
      {
        readonly policies: readonly unknown[];
        readonly groups?: readonly string[];
        readonly isDisabled?: boolean;
      }
    >
  >;
  readonly groups?: readonly object[];
  readonly enterpriseProjects?: readonly object[];
}

/** One server for all tests of the file or block that asks for it: there once they run, and closed behind them. */
export function shareServer(options: ServerOptions | (() => Promise<ServerOptions>) = {}): TestServer {
  return serverBetween(beforeAll, afterAll, options);
}

/** A fresh server for each test of the file or block, for tests that leave it in a state that others could not use. */
export function eachServer(options: ServerOptions = {}): TestServer {
  return serverBetween(beforeEach, afterEach, options);
}

function serverBetween(
  before: typeof beforeAll | typeof beforeEach,
  after: typeof afterAll | typeof afterEach,
  options: ServerOptions | (() => Promise<ServerOptions>),
): TestServer {
  let server: TestServer | undefined;
  before(async () => {
    server = await startTestServer(typeof options === 'function' ? await options() : options);
  });
  after(() => server?.close());
  return new Proxy({} as TestServer, {
    get(_, name: keyof TestServer) {
      if (server === undefined) throw new Error('no test runs yet');
      return server[name];
    },
  });
}

/** Starts the whole server over a fresh directory: SQLite with its writer thread, keyring, identities file, routes. */
export async function startTestServer(options: ServerOptions = {}): Promise<TestServer> {
  const { mode = 'serve', env = {}, listen = false, pressure = NO_PRESSURE, identities } = options;
  const { config, directory } = await prepareFiles(mode, env, identities);
  const lines: string[] = [];
  const composed = await compose(config, createLog(config.logLevel, lines), {
    pressure,
    createCompanion: mode === 'dev' ? createCompanion : undefined,
    onFatal: (reason) => {
      lines.push(`${JSON.stringify({ level: 60, reason, msg: 'fatal' })}\n`);
    },
  });
  const { app } = composed;
  await app.ready();
  let baseUrl = 'http://csms.test';
  if (listen) {
    await app.listen({ host: '127.0.0.1', port: 0, listenTextResolver: () => 'listening' });
    baseUrl = `http://127.0.0.1:${(app.server.address() as AddressInfo).port}`;
  }
  composed.setBaseUrl(baseUrl);

  const sign = (request: TestRequest, user = ADMIN) => signedHeaders(baseUrl, request, user);
  const send = async (request: TestRequest, user = ADMIN) =>
    inject(app, baseUrl, request, sign(request, user));
  return {
    app,
    composed,
    directory,
    baseUrl,
    sign,
    send,
    sendUnsigned: (request) => inject(app, baseUrl, request, headersOf(request)),
    logText: () => lines.join(''),
    logged: () => lines.map((line) => JSON.parse(line) as Record<string, unknown>),
    async close() {
      await app.close();
      await composed.close();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

/** The headers that make the request a signed one. */
export function signedHeaders(
  baseUrl: string,
  request: TestRequest,
  { accessKeyId, secretKey }: TestUser = ADMIN,
  nowMs: number = Date.now(),
): Record<string, string> {
  return signRequest({
    method: request.method,
    url: `${baseUrl}${request.path}`,
    headers: headersOf(request),
    ...(request.body !== undefined && { body: payloadOf(request.body) }),
    accessKeyId,
    secretKey,
    nowMs,
  });
}

/** A log of that level which adds each line to `lines`. */
export function createLog(level: string, lines: string[]): pino.Logger {
  const stream = new Writable({
    write(chunk: Buffer, _encoding, done) {
      lines.push(chunk.toString());
      done();
    },
  });
  return pino({ level, base: null, timestamp: pino.stdTimeFunctions.isoTime }, stream);
}

async function identitiesYaml({
  enterpriseProjects,
  groups,
  policies = [],
  users = {},
}: TestIdentities): Promise<string> {
  const userOf = async (user: TestUser, projects: readonly string[]) => ({
    id: user.id,
    name: user.name,
    password: await hashPassword(user.password, { ln: 10, r: 8, p: 1 }),
    access_keys: [{ ak: user.accessKeyId, sk: user.secretKey }],
    policies: users[user.name]?.policies ?? ['everything'],
    groups: users[user.name]?.groups ?? [],
    ...(users[user.name]?.isDisabled && { disabled: true }),
    projects,
  });
  const members = Object.keys(users).filter((name) => name !== ADMIN.name && name !== GUEST.name);
  const acmeProjects = [
    { id: ALPHA, name: 'local-1' },
    { id: BETA, name: 'local-2' },
  ];
  const identities = {
    domains: [
      {
        id: ACME.domainId,
        name: ACME.domainName,
        projects: acmeProjects,
        groups: [{ id: 'ops', name: 'operators' }, ...manyGroups(), ...(groups ?? [])],
        ...(enterpriseProjects && { enterprise_projects: enterpriseProjects }),
        users: [
          await userOf(ADMIN, ['local-1', 'local-2']),
          await userOf(GUEST, ['local-1']),
          ...(await Promise.all(members.map((name) => userOf(member(name), ['local-1'])))),
        ],
      },
      {
        id: GLOBEX.domainId,
        name: GLOBEX.domainName,
        projects: [{ id: GAMMA, name: 'local-1' }],
        users: [await userOf(OUTSIDER, ['local-1'])],
      },
    ],
    policies: [
      {
        name: 'everything',
        document: { Version: '1.1', Statement: [{ Effect: 'Allow', Action: ['csms:*:*', 'kms:*:*'] }] },
      },
      ...policies,
    ],
  };
  return stringify(identities, { aliasDuplicateObjects: false });
}

/** As many as can be granted one secret. */
function manyGroups() {
  return Array.from({ length: 100 }, (_, index) => ({ id: `group-${index}`, name: `group ${index}` }));
}
