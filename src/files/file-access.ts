/** Who this process is to the file system; undefined where files have no owners. */
export interface Reader {
  readonly uid: number;
  readonly groups: readonly number[];
}

/** What the system says about an opened file or a directory. */
export interface Ownership {
  readonly uid: number;
  readonly gid: number;
  readonly mode: number;
}

/**
 * What a file holds: a `secret`, which nobody else may read; or `authority`, such as a certificate, which may be read but
 * not be written by others. A `credential` is a secret of systemd, whose access list shows as group-read.
 */
export type FileContent = 'secret' | 'authority' | 'credential';

/** The present process as a reader. */
export function presentReader(): Reader | undefined {
  const uid = process.geteuid?.();
  if (uid === undefined) return undefined;
  return { uid, groups: [process.getegid?.() ?? uid, ...(process.getgroups?.() ?? [])] };
}

/**
 * True for what root has given to a group of ours, as Kubernetes does with volumes of a pod that is not root: everybody
 * in that group counts as us. The group of root itself is nobody's but root's. Pure.
 */
export function isGivenByRoot({ uid, gid }: Ownership, reader: Reader): boolean {
  return uid === 0 && reader.groups.includes(gid) && (reader.uid !== 0 || gid !== 0);
}

/**
 * What is wrong with the owner or the mode of a file, with what to do about it; undefined: nothing. Pure. It has to be
 * ours or root's, nobody else may write it, and nobody else may read a secret. @see docs/adr/0038-files-of-the-operator.md
 */
export function accessFault(
  file: Ownership,
  reader: Reader | undefined,
  content: FileContent,
): string | undefined {
  if (reader === undefined) return undefined;
  const group = groupFault(file, reader);
  const forbidden = { secret: group | 0o007, authority: (group & 0o020) | 0o002, credential: 0o037 }[content];
  const open = file.mode & forbidden;
  const remedy = remedyFor(file, reader, content);
  if (open !== 0 && content !== 'authority') return `can be read by others: ${remedy}`;
  if (open !== 0) return `can be written by others: ${remedy}`;
  if (file.uid === 0 || file.uid === reader.uid) return undefined;
  return 'belongs to another user: chown it to the user of the server or root';
}

/**
 * The group's bits that make "others" of it. Where we could open a file of root's though we are neither its owner nor in
 * its group, an access list let us in, and what shows as the group's right to read is the list's mask.
 */
function groupFault(file: Ownership, reader: Reader): number {
  if (isGivenByRoot(file, reader)) return 0;
  const hasAccessList = file.uid === 0 && reader.uid !== 0 && !reader.groups.includes(file.gid);
  return hasAccessList ? 0o030 : 0o070;
}

function remedyFor(file: Ownership, reader: Reader, content: FileContent): string {
  if (content === 'authority') return 'chmod go-w it';
  if (file.uid !== 0 || reader.uid === 0) return 'chmod 0600 it';
  // What a container is given is often root's, read-only and, where nothing else is said, open to everybody in it.
  return (
    'chmod 0440 it and give it to the group of the server (in Kubernetes: defaultMode: 0440 and fsGroup; ' +
    `as a secret of Docker: uid: "${reader.uid}" and mode: 0400)`
  );
}
