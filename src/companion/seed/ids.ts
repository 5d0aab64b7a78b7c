import { createHash } from 'node:crypto';

/** What a seed gives names to. */
export type NamedKind = 'key' | 'event' | 'secret' | 'user';

/**
 * The id of a thing that a seed gives none: a UUID (version 8, of RFC 9562) from project, kind and name, so that the same
 * seed makes the same ids everywhere.
 */
export function derivedId(named: {
  readonly projectId: string;
  readonly kind: NamedKind;
  readonly name: string;
}): string {
  const { kind, name, projectId } = named;
  const text = JSON.stringify(['csms-server seed', projectId, kind, name]);
  const bytes = createHash('sha256').update(text, 'utf8').digest().subarray(0, 16);
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x80, 6);
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8);
  const hex = bytes.toString('hex');
  return [
    [0, 8],
    [8, 12],
    [12, 16],
    [16, 20],
    [20, 32],
  ]
    .map(([from, to]) => hex.slice(from, to))
    .join('-');
}
