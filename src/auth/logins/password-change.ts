import { accessSync, constants, realpathSync } from 'node:fs';
import { isMap, isScalar, isSeq, parseDocument, type YAMLMap } from 'yaml';
import { SecretError } from '../../core/errors.ts';
import type { FileReader } from '../../files/file-reader.ts';
import { FileFault } from '../../files/guarded-file.ts';
import { replaceFile } from '../../std/files.ts';
import { FileError } from '../../yaml/file-error.ts';
import { type IdentitiesText, readIdentities } from '../identities/file.ts';
import type { DirectoryContents } from '../identities/identities.ts';
import { createSecretSources, readIdentitiesText, type SourcesInput } from '../identities/sources.ts';

/** Another password of one user. */
export interface HashChange {
  readonly userId: string;
  /** The hash that the old password was checked against. */
  readonly before: string;
  readonly after: string;
}

/**
 * Changes a password in the identities file. Only the hash itself is replaced, so comments and everything else stay as
 * they are; the new text must be one that the server would start with. Returns the identities as they are then, other
 * changes of the file included. Takes as long as reading the file three times; of two at once one would be lost. Throws
 * password-fixed when it is not possible here. @see docs/behaviour/users.md
 */
export function replaceHash(
  source: SourcesInput & { readonly file: string },
  change: HashChange,
): DirectoryContents {
  const { file, reader } = source;
  const target = writablePath(file);
  const text = withHash(readPresent(reader, target), change);
  const next = readChecked({ file, text, sources: createSecretSources(source) });
  if (next.users.find(({ id }) => id === change.userId)?.passwordHash !== change.after)
    throw fixed('The file has another form.');
  try {
    replaceFile(target, text);
  } catch {
    throw fixed('The identities file cannot be written.');
  }
  return next;
}

/** The file itself and not a link to it: a link would be replaced by a file. */
function writablePath(file: string): string {
  try {
    const target = realpathSync(file);
    accessSync(target, constants.W_OK);
    return target;
  } catch {
    throw fixed('The identities file cannot be written.');
  }
}

function readPresent(reader: FileReader, target: string): string {
  try {
    return readIdentitiesText(reader, target);
  } catch (error) {
    if (error instanceof FileFault) throw fixed('The identities file cannot be read.');
    throw error;
  }
}

function withHash(text: string, { userId, before, after }: HashChange): string {
  const document = parseDocument(text, { schema: 'failsafe', prettyErrors: false });
  const user = usersIn(document.contents).find((candidate) => candidate.get('id') === userId);
  const password = user?.get('password', true);
  if (!isScalar(password)) throw fixed('The hash is not in the identities file itself.');
  if (password.value !== before) throw fixed('Its hash in the identities file is not the one in effect.');
  const { range, type } = password;
  if (range == null || type === undefined || type.startsWith('BLOCK'))
    throw fixed('The file has another form.');
  // A hash needs no escapes, and the quotes keep its commas together in a mapping on one line.
  return `${text.slice(0, range[0])}"${after}"${text.slice(range[1])}`;
}

function usersIn(root: unknown): YAMLMap[] {
  return mapsIn(root, 'domains').flatMap((domain) => mapsIn(domain, 'users'));
}

function mapsIn(parent: unknown, name: string): YAMLMap[] {
  const list = isMap(parent) ? parent.get(name, true) : undefined;
  return isSeq(list) ? list.items.filter((entry) => isMap(entry)) : [];
}

function readChecked(input: IdentitiesText): DirectoryContents {
  try {
    return readIdentities(input);
  } catch (error) {
    if (error instanceof FileError) throw fixed('The identities file has a fault.');
    throw error;
  }
}

function fixed(reason: string): SecretError {
  return new SecretError('password-fixed', `This password cannot be changed here. ${reason}`);
}
