import { existsSync } from 'node:fs';
import type { Directory } from '../auth/identities/identities.ts';
import { createRequestKey } from '../auth/signatures/algorithms.ts';
import { type CredentialsPlace, type KnownIdentity, readIdentity, writeCredentials } from './credentials.ts';

/** How often the file and the identities in force are checked. */
const LOOK_MS = 10_000;

/** What is to be kept, and where. */
export interface KeptCredentials extends CredentialsPlace {
  readonly file: string;
  readonly identitiesFile: string;
  readonly identity: KnownIdentity;
  /** The identities in force. */
  directory(): Directory;
}

/**
 * Writes credentials.env, and again when it is missing or other credentials are in force: the identities may be changed
 * by hand. Returns a function that writes it for another password. That never throws: the password is in force by then,
 * so what cannot be written now is written later.
 */
export function keepCredentials(kept: KeptCredentials): (change: Partial<KnownIdentity>) => void {
  let { identity } = kept;
  let isWritten = false;

  function write(): void {
    isWritten = false;
    writeCredentials(kept.file, identity, kept);
    isWritten = true;
  }

  function look(): void {
    try {
      if (!isInForce(kept.directory(), identity)) {
        const next = readIdentity(kept.identitiesFile, kept.file);
        // The identities file may hold what has not taken effect.
        if (next === undefined || !isInForce(kept.directory(), next)) return;
        identity = next;
      } else if (isWritten && existsSync(kept.file)) return;
      write();
    } catch {
      // The data directory is gone, or full: the next check may find it otherwise.
    }
  }

  write();
  setInterval(look, LOOK_MS).unref();
  return (change) => {
    identity = { ...identity, ...change };
    try {
      write();
    } catch {
      // The next check tries again.
    }
  };
}

function isInForce(
  directory: Directory,
  { accessKeyId, passwordHash, secretKey, userId }: KnownIdentity,
): boolean {
  const found = directory.findAccessKey(accessKeyId);
  return (
    found?.user.id === userId &&
    // Empty: the hash is not in the file itself.
    (passwordHash === '' || found.user.passwordHash === passwordHash) &&
    found.key.secret.equals(createRequestKey({ accessKeyId, secretKey }).secret)
  );
}
