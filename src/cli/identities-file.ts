import { join } from 'node:path';
import { loadIdentities, readIdentities } from '../auth/identities/file.ts';
import type { DirectoryContents } from '../auth/identities/identities.ts';
import { createSecretSources, readIdentitiesText, type SecretSources } from '../auth/identities/sources.ts';
import { createFileReader } from '../files/file-reader.ts';
import { dataFolder } from '../storage/sqlite/files/data-directory.ts';
import type { CommandInput } from './command-input.ts';
import { printToStderr } from './standard-streams.ts';

/** Stands for a secret that is in a variable of the server's, which a command need not have. */
const UNSET = 'unset';

/** The identities file of the environment, else that of dev. */
export function identitiesFileOf(env: CommandInput['env']): string {
  return env.CSMS_IDENTITIES || join(dataFolder(env.CSMS_DATA || '.csms'), 'identities.yaml');
}

/**
 * Reads identities as a server would, and says on stderr what `serve` would not trust. `isComplete`: variables that the
 * file names have to be set. Throws FileError.
 */
export function readPresentIdentities(
  file: string,
  env: CommandInput['env'],
  { isComplete = false }: { readonly isComplete?: boolean } = {},
): DirectoryContents {
  return loadIdentities({ file, env: isComplete ? env : withUnset(env), reader: createReader() });
}

/** An identities file with its text, to be changed. */
export interface IdentitiesInHand {
  readonly text: string;
  readonly contents: DirectoryContents;
  /** Reads another text of the file; `secretFiles` by path are not there yet. Throws FileError. */
  readAs(text: string, secretFiles: ReadonlyMap<string, string>): DirectoryContents;
  /** The text of the file as it is now. */
  textNow(): string;
}

/** Reads identities to change them. Throws FileError, FileFault. */
export function takeIdentities(file: string, env: CommandInput['env']): IdentitiesInHand {
  const reader = createReader();
  const sources = createSecretSources({ env: withUnset(env), reader });
  const textNow = () => readIdentitiesText(reader, file);
  const text = textNow();
  return {
    text,
    contents: readIdentities({ file, text, sources }),
    readAs(next, secretFiles) {
      const readFile = (path: string) => secretFiles.get(path) ?? sources.readFile(path);
      return readIdentities({ file, text: next, sources: { ...sources, readFile } });
    },
    textNow,
  };
}

function createReader() {
  return createFileReader({ isStrict: false, warn: (message) => printToStderr(`csms-server: ${message}\n`) });
}

function withUnset(env: SecretSources['env']): SecretSources['env'] {
  return new Proxy(env, { get: (target, name) => (typeof name === 'string' && target[name]) || UNSET });
}
