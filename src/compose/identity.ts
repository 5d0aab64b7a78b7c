import type { KeyObject } from 'node:crypto';
import type { Grantees, Log } from '../app/ports/deps.ts';
import { StartError } from '../app/start-error.ts';
import { createDirectory, createDirectoryBuilder } from '../auth/identities/directory.ts';
import { loadIdentities } from '../auth/identities/file.ts';
import type { Directory } from '../auth/identities/identities.ts';
import { createPieceCollector } from '../auth/identities/pieces.ts';
import type { UsersDeps } from '../auth/identities/users.ts';
import type { IdentityWarning } from '../auth/identities/warnings.ts';
import type { Realm } from '../auth/realm.ts';
import { credentialMark, issueToken } from '../auth/tokens/token.ts';
import type { Config } from '../config/config.ts';
import { createReloadable, type LoadOutcome, type Reloadable } from '../files/reloadable.ts';
import { parseAddressRules } from '../webhook/address-rules.ts';
import { logWarnings, warningsAbout } from './identity-warnings.ts';
import type { LoadingEnd, LoadingTask } from './loading.ts';
import { loadAside } from './loading-thread.ts';
import type { FileWays } from './operator-files.ts';

/** What may change while the server runs. */
export interface Present {
  directory: Directory;
}

/** A token for a user in one project; undefined when there is no such user. */
export function issueProjectToken(
  realm: Realm,
  tokenKey: KeyObject,
  {
    userId,
    projectId,
    lifetimeMs,
  }: { readonly userId: string; readonly projectId: string; readonly lifetimeMs: number },
): string | undefined {
  const { clock, directory, world } = realm;
  const user = directory().findUserById(userId);
  if (user === undefined) return undefined;
  const nowMs = clock.nowMs();
  return issueToken(tokenKey, {
    world,
    method: 'password',
    userId,
    domainId: user.domainId,
    projectId,
    scope: 'project',
    issuedAtMs: nowMs,
    expiresAtMs: nowMs + lifetimeMs,
    credentialMark: credentialMark(tokenKey, user, realm),
    federation: undefined,
  });
}

/** The identities of a server, and how to change them. */
export interface OpenIdentities {
  readonly present: Present;
  /** Logs the warnings about the identities that were read first. */
  warnAtStart(): void;
  readonly identitiesFiles: Reloadable;
  readonly replaceHash: UsersDeps['replaceHash'];
}

/** Reads the identities, and again when they change. Throws StartError (configuration), FileError. */
export function openIdentities(
  { environment: env, identitiesFile: file, webhookHosts }: Config,
  { reader, threads, log }: FileWays & { readonly log: Log },
): OpenIdentities {
  if (file === undefined) throw new StartError('configuration', 'CSMS_IDENTITIES is not set');
  const { refuseUrl } = parseAddressRules(webhookHosts);
  // Nobody, until the file is read right here.
  const present: Present = { directory: createDirectoryBuilder().build() };
  let warnings: readonly IdentityWarning[] = [];
  const readAside = (task: LoadingTask, adopted: (end: LoadingEnd) => void): Promise<LoadOutcome> => {
    const next = createPieceCollector();
    return loadAside(threads, task, {
      take(piece) {
        if ('identity' in piece) next.add(piece.identity);
      },
      adopt(end) {
        present.directory = next.build();
        adopted(end);
      },
    });
  };
  const identitiesFiles = createReloadable({
    name: 'identities',
    reader,
    load(files) {
      const contents = loadIdentities({ file, env, reader: files, refuseUrl });
      present.directory = createDirectory(contents);
      warnings = warningsAbout(contents);
    },
    // A failed start says one thing, so the first reading is logged when the server listens.
    loadAside: () =>
      readAside({ kind: 'identities', file, webhookHosts }, (end) => logWarnings(log, end.identityWarnings)),
  });
  return {
    present,
    warnAtStart: () => logWarnings(log, warnings),
    identitiesFiles,
    // A reading that began before must not restore the former password.
    replaceHash: (change) =>
      identitiesFiles.exclusively(async () => {
        const loaded = await readAside({ kind: 'hash', file, webhookHosts, change }, () => undefined);
        if ('error' in loaded) throw loaded.error;
      }),
  };
}

/** Who can be granted something, according to the present identities. */
export function granteesOf(directory: () => Directory): Grantees {
  return {
    nameOf(domainId, { id, type }) {
      const found = type === 'user' ? directory().findMember(id) : directory().findGroup(id);
      return found?.domainId === domainId ? found.name : undefined;
    },
  };
}
