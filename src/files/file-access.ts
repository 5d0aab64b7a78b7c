/** The identity of this process to the file system. */
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
 * What a file holds: a `secret`, which others must not read; or `authority`, such as a certificate, which others may read
 * but not write. A `credential` is a secret of systemd, whose access list shows as group-read.
 */
export type FileContent = 'secret' | 'authority' | 'credential';

/** This process as a reader; undefined where files have no owners. */
export function presentReader(): Reader | undefined {
  const uid = process.geteuid?.();
  if (uid === undefined) return undefined;
  return { uid, groups: [process.getegid?.() ?? uid, ...(process.getgroups?.() ?? [])] };
}

/**
 * True for what root has given to one of our groups, as Kubernetes does with volumes of a pod that is not root: every
 * member of that group counts as us. The group of root itself is only root's.
 */
export function isGivenByRoot({ uid, gid }: Ownership, reader: Reader): boolean {
  return uid === 0 && reader.groups.includes(gid) && (reader.uid !== 0 || gid !== 0);
}

/**
 * What is wrong with the owner or the mode of a file, and what to do about it; undefined: nothing. It must be ours or
 * root's, others must not write it, and others must not read a secret. @see docs/adr/0038-files-of-the-operator.md
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
 * The bits of the group that count as those of others. Where we could open root's file without being its owner or in its
 * group, an access list let us in, and the group's apparent right to read is the list's mask.
 */
function groupFault(file: Ownership, reader: Reader): number {
  if (isGivenByRoot(file, reader)) return 0;
  const hasAccessList = file.uid === 0 && reader.uid !== 0 && !reader.groups.includes(file.gid);
  return hasAccessList ? 0o030 : 0o070;
}

function remedyFor(file: Ownership, reader: Reader, content: FileContent): string {
  if (content === 'authority') return 'chmod go-w it';
  if (file.uid !== 0 || reader.uid === 0) return 'chmod 0600 it';
  // What a container is given is often root's, read-only and, by default, open to every user in it.
  return (
    'chmod 0440 it and give it to the group of the server (in Kubernetes: defaultMode: 0440 and fsGroup; ' +
    `as a secret of Docker: uid: "${reader.uid}" and mode: 0400)`
  );
}
