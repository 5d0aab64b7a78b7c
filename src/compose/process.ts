import type { Logger } from 'pino';
import type { Learn } from '../app/ports/deps.ts';
import { createTurns, type Turns } from '../app/turns.ts';
import type { IdTokenDeps } from '../auth/federation/id-token-login.ts';
import { createKeySets } from '../auth/federation/key-sets.ts';
import type { PasswordChanged } from '../auth/identities/users.ts';
import { createLoginGate } from '../auth/logins/gate.ts';
import { createPasswordChecker, type PasswordChecker } from '../auth/logins/password-checker.ts';
import type { Config } from '../config/config.ts';
import { createMetrics, type Metrics } from '../http/observability/metrics.ts';
import type { PressureGauge } from '../http/requests/pressure.ts';
import type { ClaimedDirectory } from '../storage/sqlite/files/data-directory.ts';
import { type Outbound, openOutbound } from './background.ts';
import { type OpenIdentities, openIdentities } from './identity.ts';
import { openLearning } from './learning.ts';
import { type CertificateFiles, openCertificate, openFileWays, watchFiles } from './operator-files.ts';
import { monotonicClock, systemClock } from './sources.ts';
import { closing, type OpenStorage, openStorage } from './storage.ts';

/** What a start comes with, beside its settings. */
export interface Start {
  /** Called once when storage can no longer be trusted. */
  onFatal(reason: string): void;
  /** The data directory, when the caller has already claimed it. */
  readonly claimed?: ClaimedDirectory | undefined;
  readonly passwordChanged?: PasswordChanged | undefined;
  /** Replaces the process's own; for tests, which share the server's thread. */
  readonly pressure?: PressureGauge | undefined;
}

/** What exists once in a process, however many worlds and HTTP servers it has. */
export interface ServerProcess {
  readonly config: Config;
  readonly log: Logger;
  /** The data directory, its lock and its writer. */
  readonly storage: OpenStorage;
  readonly identities: OpenIdentities;
  readonly passwordChanged: PasswordChanged | undefined;
  readonly pressure: PressureGauge | undefined;
  /** One count of failed logins for all kinds of login. */
  readonly passwords: PasswordChecker;
  readonly outbound: Outbound;
  /** The keys of identity providers, and the count of failed attempts with their tokens. */
  readonly idTokens: Pick<IdTokenDeps, 'keySets' | 'gate'>;
  /** Shares the one thread of all requests. */
  readonly turns: Turns;
  /** Undefined without TLS. */
  readonly certificate: CertificateFiles | undefined;
  /** What is counted; absent when metrics are off. */
  readonly metrics: Metrics | undefined;
  /** Takes what is allowed; absent: nobody wants to know. */
  readonly learn: Learn | undefined;
  /** The server's address where no caller says it; empty until it listens. */
  baseUrl(): string;
  setBaseUrl(url: string): void;
  /** Reads identities, hooks and certificates again; where new ones are wrong the present ones stay, and it rejects. */
  reload(): Promise<void>;
  /** Lets the writer finish and closes the data directory; their users must have ended before. */
  close(): Promise<void>;
}

/** Reads the operator's files and opens the data directory. Throws StartError, RootKeyError, FileError. */
export async function createProcess(config: Config, log: Logger, start: Start): Promise<ServerProcess> {
  const ways = openFileWays(config, log);
  const identities = openIdentities(config, { ...ways, log });
  const certificate = openCertificate(config, { reader: ways.reader, log, clock: systemClock });
  const outbound = openOutbound(config, ways);
  const storage = await openStorage(config, log, start);
  const reloadables = [
    identities.identitiesFiles,
    outbound.hooksFiles,
    ...(certificate ? [certificate.files] : []),
  ];
  const learning = await openLearning(config.policyLearnFile, { clock: systemClock, log }).catch(
    closing(storage.store),
  );
  const files = watchFiles(log, reloadables, ways.threads);
  let baseUrl = '';
  return {
    config,
    log,
    storage,
    identities,
    passwordChanged: start.passwordChanged,
    pressure: start.pressure,
    passwords: createPasswordChecker({
      clock: systemClock,
      costs: () => identities.present.directory.passwordCosts,
    }),
    outbound,
    idTokens: {
      keySets: createKeySets({ reader: outbound.webhooks, monotonicMs: monotonicClock.nowMs, log }),
      gate: createLoginGate({ clock: systemClock }),
    },
    turns: createTurns(),
    certificate,
    metrics: config.metrics === 'off' ? undefined : createMetrics(),
    learn: learning?.learn,
    baseUrl: () => baseUrl,
    setBaseUrl(url) {
      baseUrl = url;
    },
    reload: () => files.reload(),
    async close() {
      files.stop();
      await learning?.close();
      await storage.store.close();
    },
  };
}
