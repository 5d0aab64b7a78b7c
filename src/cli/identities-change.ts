import { accessSync, chmodSync, chownSync, constants, realpathSync, rmSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { StartError } from '../app/start-error.ts';
import type { DirectoryContents } from '../auth/identities/identities.ts';
import { createFile, renameFile } from '../std/files.ts';
import { systemCode } from '../std/system-code.ts';
import type { CommandInput } from './command-input.ts';
import { type IdentitiesInHand, takeIdentities } from './identities-file.ts';

/** A change of an identities file that brings a new access key with it. */
export interface IdentitiesChange {
  readonly accessKeyId: string;
  readonly secretKey: string;
  /** The name of the file that is to hold the secret key, beside the identities file. */
  readonly secretFile: string;
  /** The new text. May throw UsageError. */
  edit(text: string, contents: DirectoryContents): string;
  /** What the text must read as. */
  expect(before: DirectoryContents, after: DirectoryContents): boolean;
}

/** Another command that changes the file has done so by then, or was killed. */
const OTHERS_MS = 2_000;
const WAIT_MS = 25;
const TRIES = 20;

/**
 * Changes an identities file: the secret key first, then the new text in the place of the old one. Whatever interrupts
 * it, the file is the old or the new one. What others write meanwhile is not lost. Throws StartError (configuration),
 * FileError, FileFault, and what `edit` throws.
 * @see docs/adr/0079-commands-that-write-identities.md
 */
export async function changeIdentities(
  file: string,
  env: CommandInput['env'],
  change: IdentitiesChange,
): Promise<void> {
  const target = writableTarget(file);
  const secretFile = resolve(dirname(file), change.secretFile);
  for (let count = 0; count < TRIES; count += 1) {
    const present = takeIdentities(file, env);
    const next = checkedText(file, present, { change, secretFile });
    const temporary = await placeFor(target, next);
    try {
      // The temporary file keeps other commands away; a change by others is noticed.
      if (present.textNow() === present.text) {
        put({ temporary, target, secretFile }, change.secretKey);
        return;
      }
    } catch (error) {
      rmSync(temporary, { force: true });
      throw error;
    }
    rmSync(temporary, { force: true });
  }
  throw new StartError('configuration', `${file} is being changed again and again; nothing was written`);
}

/** Until the last step, a failure leaves nothing behind. */
function put(
  files: { readonly temporary: string; readonly target: string; readonly secretFile: string },
  secretKey: string,
): void {
  const { secretFile, target, temporary } = files;
  likeTarget(temporary, target);
  createFile(secretFile, `${secretKey}\n`);
  try {
    likeTarget(secretFile, target);
    renameFile(temporary, target);
  } catch (error) {
    rmSync(secretFile, { force: true });
    throw error;
  }
}

/** The file itself and not a link to it: a link would be replaced by a file. */
function writableTarget(file: string): string {
  try {
    const target = realpathSync(file);
    accessSync(target, constants.W_OK);
    accessSync(dirname(target), constants.W_OK);
    return target;
  } catch (cause) {
    throw new StartError('configuration', `${file} cannot be written (${systemCode(cause)})`, { cause });
  }
}

function checkedText(
  file: string,
  { contents, readAs, text }: IdentitiesInHand,
  { change, secretFile }: { readonly change: IdentitiesChange; readonly secretFile: string },
): string {
  const next = change.edit(text, contents);
  const after = readAs(next, new Map([[secretFile, change.secretKey]]));
  const key = after.accessKeys.find(({ accessKeyId }) => accessKeyId === change.accessKeyId);
  const secret = key?.key?.secret.export().toString() ?? change.secretKey;
  if (key?.secretFile === secretFile && secret === change.secretKey && change.expect(contents, after))
    return next;
  throw new StartError('configuration', `${file} would not read back as wanted; nothing was written`);
}

/** Creates the file that takes the target's place; only one command has it at a time. */
async function placeFor(target: string, text: string): Promise<string> {
  const temporary = `${target}.new`;
  for (;;) {
    try {
      createFile(temporary, text);
      return temporary;
    } catch (error) {
      if (systemCode(error) !== 'EEXIST') throw error;
    }
    const writtenAtMs = statSync(temporary, { throwIfNoEntry: false })?.mtimeMs;
    // Left by a command that was killed.
    if (writtenAtMs !== undefined && Math.abs(Date.now() - writtenAtMs) > OTHERS_MS)
      rmSync(temporary, { force: true });
    else await setTimeout(WAIT_MS);
  }
}

/** The server may be another user than the one who runs the command, and may have the file by its group. */
function likeTarget(path: string, target: string): void {
  const { gid, mode, uid } = statSync(target);
  const own = statSync(path);
  if (own.uid !== uid || own.gid !== gid) {
    try {
      chownSync(path, uid, gid);
    } catch (cause) {
      const whose = `${target} belongs to another user; run the command as that user or root`;
      throw new StartError('configuration', whose, { cause });
    }
  }
  const isOfGroup = uid === 0 && gid !== 0;
  chmodSync(path, isOfGroup ? 0o600 | (mode & 0o040) : 0o600);
}

/** Whether the second contents have all of the first, besides what is left out of both. */
export function isOtherwiseSame(
  before: DirectoryContents,
  after: DirectoryContents,
  { keys, userId }: { readonly keys: readonly string[]; readonly userId?: string },
): boolean {
  const rest = ({ accessKeys, users, ...others }: DirectoryContents) => ({
    ...others,
    users: users.filter(({ id }) => id !== userId),
    accessKeys: accessKeys
      .filter(({ accessKeyId }) => !keys.includes(accessKeyId))
      .map(({ key, user, ...entry }) => ({ ...entry, userId: user.id, secret: key?.secret.export() })),
  });
  return isDeepStrictEqual(rest(before), rest(after));
}
