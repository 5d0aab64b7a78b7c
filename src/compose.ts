import type { Logger } from 'pino';
import { actorOf } from './app/caller.ts';
import { createDamageReport } from './app/damage-report.ts';
import { createGate } from './app/gate.ts';
import type { Deps, Policy, SharedDeps, SigningKeys, Store } from './app/ports.ts';
import { createReadiness } from './app/readiness.ts';
import { checkSamples } from './app/samples.ts';
import { createSigningKeyLoader } from './app/signing-key.ts';
import { isReadable } from './app/storage-status.ts';
import { createTurns } from './app/turns.ts';
import type { Directory } from './auth/identities.ts';
import { createRateLimiter } from './auth/throttle.ts';
import { createTokenKey } from './auth/token.ts';
import type { PasswordChanged } from './auth/users.ts';
import { openOutbound, startBackground } from './background.ts';
import { monotonicClock, randomIds, systemClock, systemJitter, systemRandom } from './compose/sources.ts';
import type { Config } from './config.ts';
import { SecretError } from './core/errors.ts';
import { createKeyring } from './crypto/keyring.ts';
import { createRowMac } from './crypto/row-mac.ts';
import { createSigningKeys } from './crypto/signing-keys.ts';
import { connectionsAllowed } from './descriptors.ts';
import { figuresOf } from './figures.ts';
import { readFunctionTemplates } from './function-templates/texts.ts';
import type { App } from './http/app.ts';
import type { Certificate } from './http/certificate.ts';
import { createMetrics, type Metrics } from './http/metrics.ts';
import { buildServer } from './http/server.ts';
import type { ServerOptions } from './http/server-options.ts';
import { createSite } from './http/site.ts';
import { parseTrustedProxies } from './http/trusted-proxies.ts';
import { composeIdentity, granteesOf, issueProjectToken, openIdentities } from './identity.ts';
import { openInstallation } from './installation.ts';
import { linesOf } from './log/lines.ts';
import { giveMemoryBack } from './memory.ts';
import { openCertificate, openFileWays, watchFiles } from './operator-files.ts';
import type { ClaimedDirectory } from './storage/sqlite/data-directory.ts';
import { createSqliteStore, startWriter } from './storage/sqlite/store.ts';

/** Newest versions that are opened at the start, and as many others. */
const START_SAMPLES = 32;

/** A server that is put together but does not listen yet. */
export interface Composed {
  readonly app: App;
  readonly store: Store;
  /** Fingerprint of the root key, which is no secret. */
  readonly rootKeyFingerprint: string;
  readonly directory: () => Directory;
  /** What is counted; absent when metrics are off. */
  readonly metrics: Metrics | undefined;
  /** Reads identities, hooks and certificates again; where the new ones are wrong the present ones stay, and it rejects. */
  reload(): Promise<void>;
  /** When the certificate that the server shows ends, epoch milliseconds; undefined without TLS. */
  certificateEndMs(): number | undefined;
  /** Where others reach the server when no caller says it; known once it listens. */
  setBaseUrl(url: string): void;
  /** A token for a user in one project; undefined when there is no such user. */
  issueToken(userId: string, projectId: string): string | undefined;
  /** Ends background work, lets the writer finish and closes the data directory. The app is closed by the caller. */
  close(): Promise<void>;
}

/** What a start comes with, beside its settings. */
export interface Start {
  /** Called once when storage can no longer be trusted. */
  onFatal(reason: string): void;
  /** The data directory, when the caller has taken it already. */
  readonly claimed?: ClaimedDirectory | undefined;
  readonly passwordChanged?: PasswordChanged | undefined;
}

/**
 * Puts the server together from its settings: the one place that knows all parts.
 * Throws StartError, RootKeyError, FileError.
 */
export async function compose(config: Config, log: Logger, start: Start): Promise<Composed> {
  let baseUrl = '';
  const ways = openFileWays(config, log);
  const { reader } = ways;
  const { present, identitiesFiles, replaceHash } = openIdentities(config, { ...ways, log });
  const certificate = openCertificate(config, { reader, log, clock: systemClock });
  const outbound = openOutbound(config, ways);
  let app: App | undefined;
  const edge = composeEdge(config, () => addressOf(app) ?? config.host);
  const { store, tokenKey, keyring, signingKeys, rootKeyFingerprint } = await openStore(config, log, start);
  const deps = createDeps(config, log, { store, keyring, grantees: granteesOf(() => present.directory) });
  const signing = createSigning(deps, signingKeys);
  app = await buildServer({
    newRequestId: randomIds.uid,
    ...composeIdentity(config, { ...start, tokenKey, clock: systemClock, present, replaceHash }),
    functionTemplates: readFunctionTemplates(),
    depsFor: binding(deps),
    readiness: createReadiness({
      store,
      keyring,
      hasIdentities: () => present.directory.domains.size > 0,
      monotonicMs: monotonicClock.nowMs,
    }),
    takeRequest: createRequestLimit(config),
    certificate: async () => (await signing.loadSigningKey()).certificatePem,
    log,
    requestLog: linesOf(log),
    ...edge,
    notFoundStatus: config.notFoundStatus,
    tls: certificate?.present(),
  }).catch(closing(store));
  const sources = { jitter: systemJitter, monotonic: monotonicClock };
  const outgoing = { ...outbound, ...signing, ...sources, baseUrl: () => baseUrl };
  const background = await startBackground({ ...deps, ...outgoing }).catch(closing(store));
  certificate?.onChange((next) => setCertificate(app, next));
  const reloadables = [identitiesFiles, outbound.hooksFiles, ...(certificate ? [certificate.files] : [])];
  const files = watchFiles(log, reloadables, ways.threads);
  edge.metrics?.watch(figuresOf({ runner: background.runner, store, log, certificate }));
  return {
    app,
    store,
    rootKeyFingerprint,
    directory: () => present.directory,
    metrics: edge.metrics,
    setBaseUrl(url) {
      baseUrl = url;
    },
    reload: () => files.reload(),
    certificateEndMs: () => certificate?.present().endMs,
    issueToken: (userId, projectId) =>
      issueProjectToken(present.directory, tokenKey, { userId, projectId, nowMs: systemClock.nowMs() }),
    async close() {
      files.stop();
      await background.stop();
      await store.close();
    },
  };
}

/** A writer thread left behind would keep the process, and the data directory, from being free. */
function closing(store: Store): (error: unknown) => Promise<never> {
  return async (error) => {
    await store.close();
    throw error;
  };
}

async function openStore(config: Config, log: Logger, { onFatal, claimed }: Start) {
  const { open, installation, rootKey } = openInstallation(config, systemClock, claimed);
  if (open.directory !== config.dataDirectory) {
    log.info(
      { directory: open.directory },
      'the data directory is root’s: the data lies in a private folder in it',
    );
  }
  const { directory, databaseFile } = open;
  const settings = { directory, databaseFile, freeBytesMin: config.freeBytesMin };
  const rowMacKey = rootKey.derive('rowmac');
  const writer = startWriter(new URL('./writer.ts', import.meta.url), settings, { rowMac: rowMacKey });
  const store = await createSqliteStore(open, {
    mac: createRowMac(rowMacKey),
    writer,
    onFatal,
    onDamage: createDamageReport({ log }),
    random: systemRandom,
  });
  const keys = { installationId: installation.id, kek: rootKey.derive('kek') };
  const keyring = createKeyring(keys);
  await checkSamples({ store, keyring, log }, START_SAMPLES).catch(closing(store));
  const signingKeys = createSigningKeys(keys);
  const tokenKey = createTokenKey(rootKey.derive('token'), installation.id);
  const { fingerprint: rootKeyFingerprint } = rootKey;
  return { store, tokenKey, keyring, signingKeys, rootKeyFingerprint };
}

/**
 * What each request works with: the same, bound to who asks and how. Answers that come from memory would hide that the data
 * is gone, so there is nothing then. Throws unavailable.
 */
function binding(deps: SharedDeps): ServerOptions['depsFor'] {
  const gate = createGate(deps);
  return (caller, request) => {
    if (isReadable(deps.store.storageStatus())) {
      const actor = actorOf(caller, request, deps.clock.nowMs());
      return { ...deps, ...gate(actor), actor };
    }
    throw new SecretError('unavailable', '', { logReason: 'the storage cannot be read' });
  };
}

function createSigning(deps: SharedDeps, signingKeys: SigningKeys) {
  const actor = { kind: 'system', job: 'signing-key' } as const;
  return { signingKeys, loadSigningKey: createSigningKeyLoader({ ...deps, actor, signingKeys }) };
}

function createDeps(
  config: Config,
  log: Logger,
  parts: Pick<Deps, 'store' | 'grantees'> & { readonly keyring: ReturnType<typeof createKeyring> },
): SharedDeps {
  const { limits, mode, region, versionCap } = config;
  const unknownKey = mode === 'dev' ? 'create' : 'refuse';
  const policy: Policy = { limits, versionCap, unknownKey, region };
  const { cipher } = parts.keyring;
  const turns = createTurns();
  return { ...parts, cipher, clock: systemClock, ids: randomIds, random: systemRandom, policy, turns, log };
}

function createRequestLimit({ rateLimit }: Config): (userId: string) => void {
  if (rateLimit === undefined) return () => undefined;
  const limiter = createRateLimiter({ clock: systemClock, perSecond: rateLimit });
  return (userId) => limiter.take(userId);
}

/** What stands between the server and the network. Throws StartError (configuration). */
function composeEdge(
  config: Config,
  listenAddress: () => string,
): Pick<
  ServerOptions,
  'connectionsAllowed' | 'giveMemoryBack' | 'isTrustedProxy' | 'metrics' | 'servesMetrics' | 'site'
> {
  const { allowedHosts, metrics, publicUrl, tlsCertFile, trustedProxies } = config;
  return {
    metrics: metrics === 'off' ? undefined : createMetrics(),
    servesMetrics: metrics === 'on',
    isTrustedProxy: parseTrustedProxies(trustedProxies),
    connectionsAllowed: connectionsAllowed(),
    giveMemoryBack,
    site: createSite({ allowedHosts, listenAddress, publicUrl, tls: tlsCertFile !== undefined }),
  };
}

/** Undefined until it listens. */
function addressOf(app: App | undefined): string | undefined {
  const bound = app?.server.address();
  return typeof bound === 'object' ? bound?.address : undefined;
}

function setCertificate(app: App, { cert, key }: Certificate): void {
  // Only a TLS server has the method, and there is a certificate only with one.
  const server = app.server as unknown as { setSecureContext(options: object): void };
  server.setSecureContext({ cert, key, minVersion: 'TLSv1.2' });
}
