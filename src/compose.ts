import { type KeyObject, randomBytes, randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createSecureContext } from 'node:tls';
import type { Logger } from 'pino';
import { deleteDueKeys, rotateDueKeys } from './app/key-jobs.ts';
import type { Clock, Deps, Ids, Policy, Store } from './app/ports.ts';
import { createPurge, type DueWork } from './app/purge.ts';
import { StartError } from './app/start-error.ts';
import { createAuthenticator } from './auth/authenticator.ts';
import { createIam } from './auth/iam.ts';
import type { Directory } from './auth/identities.ts';
import { loadIdentities } from './auth/identities-file.ts';
import { createPasswordVerifier } from './auth/password.ts';
import { createLoginThrottle, createRateLimiter } from './auth/throttle.ts';
import { credentialMark, issueToken, TOKEN_VALIDITY_MS } from './auth/token.ts';
import type { Config } from './config.ts';
import { createKeyring } from './crypto/keyring.ts';
import type { RootKey } from './crypto/root-key.ts';
import { createRowMac } from './crypto/row-mac.ts';
import { createMetrics } from './http/metrics.ts';
import { type App, buildServer, type ServerOptions } from './http/server.ts';
import { openInstallation } from './installation.ts';
import { createSqliteStore, startWriter } from './storage/sqlite/store.ts';

/** How often due deletions are looked for. */
const PURGE_INTERVAL_MS = 1_000;

/** A server that is put together but does not listen yet. */
export interface Composed {
  readonly app: App;
  readonly store: Store;
  /** Reads identities and certificates again; keeps the present ones and throws when the new ones are wrong. */
  reload(): void;
  /** Where the server can be reached; known once it listens. */
  setBaseUrl(url: string): void;
  /** A token for a user in one project, for the banner of dev; undefined when there is no such user. */
  issueToken(userId: string, projectId: string): string | undefined;
  /** Ends background work, lets the writer finish and closes the data directory. The app is closed by the caller. */
  close(): Promise<void>;
}

/** Wall clock of the machine. */
export const systemClock: Clock = Object.freeze({ nowMs: () => Date.now() });

/** Random identifiers. */
export const randomIds: Ids = Object.freeze({
  uuid: () => randomUUID(),
  uid: () => randomBytes(16).toString('hex'),
});

/**
 * Puts the server together from its settings: the one place that knows all parts. `onFatal` is called once when storage
 * can no longer be trusted. Throws StartError, RootKeyError, IdentitiesError.
 */
export async function compose(
  config: Config,
  log: Logger,
  onFatal: (reason: string) => void,
): Promise<Composed> {
  let directory: Directory = readIdentities(config);
  const tls = readTls(config);
  const { open, installation, rootKey } = openInstallation(config, systemClock);
  const { databaseFile } = open;
  const settings = { directory: open.directory, databaseFile };
  const rowMacKey = rootKey.derive('rowmac');
  const worker = startWriter(new URL('./writer.ts', import.meta.url), settings, { rowMac: rowMacKey });
  const store = await createSqliteStore(open, { mac: createRowMac(rowMacKey), worker, onFatal });
  const keyring = createKeyring({ installationId: installation.id, kek: rootKey.derive('kek') });
  const deps: Deps = {
    store,
    keyring,
    cipher: keyring.cipher,
    clock: systemClock,
    ids: randomIds,
    policy: policyOf(config),
    log,
  };
  let baseUrl = '';
  const identity = composeIdentity(config, rootKey, { directory: () => directory, baseUrl: () => baseUrl });
  const app = await buildServer({
    ...identity,
    depsFor: () => deps,
    notReady: () => (store.isWritable() ? undefined : 'storage'),
    takeRequest: createRequestLimit(config),
    metrics: config.metrics === 'on' ? createMetrics() : undefined,
    log,
    notFoundStatus: config.notFoundStatus,
    tls,
  }).catch(async (error: unknown) => {
    // A writer thread left behind would keep the process, and the data directory, from being free.
    await store.close();
    throw error;
  });
  const purging = startPurging(deps);
  return {
    app,
    store,
    setBaseUrl(url) {
      baseUrl = url;
    },
    reload() {
      const next = readIdentities(config);
      const certificate = readTls(config);
      directory = next;
      if (certificate !== undefined) setCertificate(app, certificate);
    },
    issueToken: (userId, projectId) =>
      issueProjectToken(directory, rootKey.derive('token'), { userId, projectId }),
    async close() {
      await purging.stop();
      await store.close();
    },
  };
}

function policyOf({ limits, versionCap, mode, region }: Config): Policy {
  return { limits, versionCap, unknownKey: mode === 'dev' ? 'create' : 'refuse', region };
}

function createRequestLimit({ rateLimit }: Config): (userId: string) => void {
  if (rateLimit === undefined) return () => undefined;
  const limiter = createRateLimiter({ clock: systemClock, perSecond: rateLimit });
  return (userId) => limiter.take(userId);
}

function composeIdentity(
  config: Config,
  rootKey: RootKey,
  present: { readonly directory: () => Directory; readonly baseUrl: () => string },
): Pick<ServerOptions, 'authenticator' | 'identity'> {
  const tokenKey = rootKey.derive('token');
  const { directory, baseUrl } = present;
  const { unsignedPayload, region } = config;
  const clock = systemClock;
  return {
    authenticator: createAuthenticator({ directory, clock, tokenKey, unsignedPayload }),
    identity: createIam({
      directory,
      clock,
      tokenKey,
      passwords: createPasswordVerifier(),
      throttle: createLoginThrottle({ clock }),
      region,
      baseUrl,
    }),
  };
}

function issueProjectToken(
  directory: Directory,
  tokenKey: KeyObject,
  { userId, projectId }: { readonly userId: string; readonly projectId: string },
): string | undefined {
  const user = directory.findUserById(userId);
  if (user === undefined) return undefined;
  const issuedAtMs = systemClock.nowMs();
  return issueToken(tokenKey, {
    userId,
    domainId: user.domainId,
    projectId,
    scope: 'project',
    issuedAtMs,
    expiresAtMs: issuedAtMs + TOKEN_VALIDITY_MS,
    credentialMark: credentialMark(tokenKey, user),
  });
}

function readIdentities(config: Config): Directory {
  if (config.identitiesFile === undefined)
    throw new StartError('configuration', 'CSMS_IDENTITIES is not set');
  return loadIdentities({ file: config.identitiesFile, env: process.env });
}

function readTls({ tlsCertFile, tlsKeyFile }: Config): ServerOptions['tls'] {
  if (tlsCertFile === undefined || tlsKeyFile === undefined) return undefined;
  try {
    const tls = { cert: readFileSync(tlsCertFile), key: readFileSync(tlsKeyFile) };
    // Finds out here, and not at the first connection, that they are broken or do not belong together.
    createSecureContext(tls);
    return tls;
  } catch (cause) {
    throw new StartError(
      'configuration',
      'CSMS_TLS_CERT and CSMS_TLS_KEY are not a certificate and its key',
      { cause },
    );
  }
}

function setCertificate(app: App, tls: NonNullable<ServerOptions['tls']>): void {
  // Only a TLS server has the method, and there is a certificate only with one.
  const server = app.server as unknown as { setSecureContext(options: object): void };
  server.setSecureContext({ ...tls, minVersion: 'TLSv1.2' });
}

/** Looks for due deletions again and again; `stop` waits for a round under way. */
function startPurging(deps: Deps): { stop(): Promise<void> } {
  // It may stand still while the machine sleeps; the wall clock then seems to jump, and deletions wait, which is safe.
  const purge = createPurge(deps, { nowMs: () => performance.now() }, keyWork(deps));
  let round: Promise<unknown> = Promise.resolve();
  const timer = setInterval(() => {
    round = round.then(purge).catch((error: unknown) => {
      const code = error instanceof Error && 'code' in error ? error.code : 'internal';
      deps.log.error({ code }, 'a round of scheduled deletions failed');
    });
  }, PURGE_INTERVAL_MS);
  return {
    async stop() {
      clearInterval(timer);
      await round;
    },
  };
}

/** The due work on keys; each kind remembers for itself which keys are damaged. */
function keyWork(deps: Deps): DueWork[] {
  return [deleteDueKeys, rotateDueKeys].map((work) => {
    const damaged = new Set<string>();
    return (nowMs: number) => work(deps, nowMs, damaged);
  });
}
