import type { Logger } from 'pino';
import type { Store } from '../app/ports/deps.ts';
import type { Directory } from '../auth/identities/identities.ts';
import type { Config } from '../config/config.ts';
import type { App } from '../http/app.ts';
import type { CompanionStart } from './companion.ts';
import { figuresOf } from './figures.ts';
import { issueProjectToken } from './identity.ts';
import { createProcess, type ServerProcess } from './process.ts';
import { closing } from './storage.ts';
import { createMain, createWorlds } from './world.ts';

/** A composed server that does not listen yet. */
export interface Composed extends Pick<ServerProcess, 'metrics' | 'reload' | 'setBaseUrl'> {
  readonly app: App;
  readonly store: Store;
  /** Fingerprint of the root key, which is not secret. */
  readonly rootKeyFingerprint: string;
  readonly directory: () => Directory;
  /** Logs the warnings about the identities that were read first. */
  warnOfIdentities(): void;
  /** When the certificate that the server shows ends, epoch milliseconds; undefined without TLS. */
  certificateEndMs(): number | undefined;
  /** A token for a user in one project; undefined when there is no such user. */
  issueToken(userId: string, projectId: string): string | undefined;
  /** Ends background work, lets the writer finish and closes the data directory. The app is closed by the caller. */
  close(): Promise<void>;
}

/** Composes a server with one world from its settings. Throws StartError, RootKeyError, FileError. */
export async function compose(config: Config, log: Logger, start: CompanionStart): Promise<Composed> {
  // Most of a start is reading modules: the writer's thread starts meanwhile.
  const [shared, { createHttp }] = await Promise.all([
    createProcess(config, log, start),
    import('./http.ts'),
  ]);
  const { certificate, metrics, storage } = shared;
  const { rootKeyFingerprint, store, tokenKey } = storage;
  const companion = await start.createCompanion?.(shared).catch(closing(shared));
  const main = await createMain(shared, companion).catch(closing(shared));
  const close = async () => {
    await companion?.close();
    await main.stop();
    await shared.close();
  };
  const worlds = createWorlds(main);
  const app = await createHttp(shared, worlds, companion).catch(closing({ close }));
  await companion?.begin(worlds).catch(closing({ close }));
  metrics?.watch(figuresOf({ runner: main.runner, store, log, certificate }));
  return {
    app,
    store,
    rootKeyFingerprint,
    metrics,
    directory: main.directory,
    warnOfIdentities: shared.identities.warnAtStart,
    setBaseUrl: shared.setBaseUrl,
    reload: shared.reload,
    certificateEndMs: () => certificate?.present().endMs,
    issueToken: (userId, projectId) =>
      issueProjectToken(main, tokenKey, { userId, projectId, lifetimeMs: config.tokenLifetimeMs }),
    close,
  };
}
