import { type KeyObject, randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createSecureContext } from 'node:tls';
import type { Logger } from 'pino';
import type { Clock, Deps, Grantees, Ids, Policy, Store } from './app/ports.ts';
import { openSamples } from './app/samples.ts';
import { createSigningKeyLoader } from './app/signing-key.ts';
import { StartError } from './app/start-error.ts';
import { createAuthenticator } from './auth/authenticator.ts';
import { createIam } from './auth/iam.ts';
import type { Directory } from './auth/identities.ts';
import { loadIdentities } from './auth/identities-file.ts';
import { createPasswordVerifier } from './auth/password.ts';
import { createLoginThrottle, createRateLimiter } from './auth/throttle.ts';
import { credentialMark, issueToken, TOKEN_VALIDITY_MS } from './auth/token.ts';
import { openOutbound, startBackground } from './background.ts';
import type { Config } from './config.ts';
import { createKeyring } from './crypto/keyring.ts';
import type { RootKey } from './crypto/root-key.ts';
import { createRowMac } from './crypto/row-mac.ts';
import { createSigningKeys } from './crypto/signing-keys.ts';
import { createMetrics } from './http/metrics.ts';
import { type App, buildServer, type ServerOptions } from './http/server.ts';
import { openInstallation } from './installation.ts';
import { createHexIds } from './random-hex.ts';
import { createSqliteStore, startWriter } from './storage/sqlite/store.ts';

/** Newest versions that are opened at the start, and as many others. */
const START_SAMPLES = 32;

/** A server that is put together but does not listen yet. */
export interface Composed {
  readonly app: App;
  readonly store: Store;
  /** Reads identities, hooks and certificates again; keeps the present ones and throws when the new ones are wrong. */
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
  uid: createHexIds(),
});

/**
 * Puts the server together from its settings: the one place that knows all parts. `onFatal` is called once when storage
 * can no longer be trusted. Throws StartError, RootKeyError, FileError.
 */
export async function compose(
  config: Config,
  log: Logger,
  onFatal: (reason: string) => void,
): Promise<Composed> {
  let directory: Directory = readIdentities(config);
  const tls = readTls(config);
  const outbound = openOutbound(config);
  const { store, rootKey, keyring, signing } = await openStore(config, log, onFatal);
  const deps: Deps = {
    store,
    keyring,
    clock: systemClock,
    ids: randomIds,
    policy: policyOf(config),
    grantees: granteesOf(() => directory),
    log,
  };
  let baseUrl = '';
  const identity = composeIdentity(config, rootKey, { directory: () => directory, baseUrl: () => baseUrl });
  const metrics = config.metrics === 'on' ? createMetrics() : undefined;
  const app = await buildServer({
    newRequestId: randomIds.uid,
    ...identity,
    depsFor: () => deps,
    notReady: () => (store.isWritable() ? undefined : 'storage'),
    takeRequest: createRequestLimit(config),
    certificate: async () => (await signing.loadSigningKey()).certificatePem,
    metrics,
    log,
    notFoundStatus: config.notFoundStatus,
    tls,
  }).catch(async (error: unknown) => {
    // A writer thread left behind would keep the process, and the data directory, from being free.
    await store.close();
    throw error;
  });
  const background = startBackground({ ...deps, ...outbound, ...signing, baseUrl: () => baseUrl });
  metrics?.watchJobs(() => background.runner.status());
  return {
    app,
    store,
    setBaseUrl(url) {
      baseUrl = url;
    },
    reload() {
      const next = readIdentities(config);
      const certificate = readTls(config);
      outbound.reload();
      directory = next;
      if (certificate !== undefined) setCertificate(app, certificate);
    },
    issueToken: (userId, projectId) =>
      issueProjectToken(directory, rootKey.derive('token'), { userId, projectId }),
    async close() {
      await background.stop();
      await store.close();
    },
  };
}

/** Throws StartError (damaged) when values are there and none of the sample opens; a few bad ones are only reported. */
async function checkSamples(deps: Pick<Deps, 'store' | 'keyring' | 'log'>): Promise<void> {
  const { opened, damaged } = await openSamples(deps, START_SAMPLES);
  if (damaged === 0) return;
  if (opened === 0) throw new StartError('damaged', 'no stored value opens; run csms-server verify');
  deps.log.error({ opened, damaged }, 'some stored values do not open: run csms-server verify');
}

async function openStore(config: Config, log: Logger, onFatal: (reason: string) => void) {
  const { open, installation, rootKey } = openInstallation(config, systemClock);
  const settings = { directory: open.directory, databaseFile: open.databaseFile };
  const rowMacKey = rootKey.derive('rowmac');
  const writer = startWriter(new URL('./writer.ts', import.meta.url), settings, { rowMac: rowMacKey });
  const store = await createSqliteStore(open, { mac: createRowMac(rowMacKey), writer, onFatal });
  const keys = { installationId: installation.id, kek: rootKey.derive('kek') };
  const keyring = createKeyring(keys);
  await checkSamples({ store, keyring, log }).catch(async (error: unknown) => {
    await store.close();
    throw error;
  });
  const signingKeys = createSigningKeys(keys);
  const loadSigningKey = createSigningKeyLoader({ store, clock: systemClock, signingKeys });
  return { store, rootKey, keyring, signing: { signingKeys, loadSigningKey } };
}

function granteesOf(directory: () => Directory): Grantees {
  return {
    userName(domainId, userId) {
      const user = directory().findUserById(userId);
      return user?.domainId === domainId ? user.name : undefined;
    },
  };
}

function policyOf({ limits, versionCap, mode }: Config): Policy {
  return { limits, versionCap, unknownKey: mode === 'dev' ? 'create' : 'refuse' };
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
