import { describe, expect, it } from 'vitest';
import { accessFault, type FileContent } from '../../src/files/file-access.ts';

const OURS = { uid: 1_000, groups: [1_000, 2_000] };
const ROOT = { uid: 0, groups: [0] };

/** What is said of a file with that owner, group and mode. */
function said(content: FileContent, [uid, gid, mode]: readonly [number, number, number], reader = OURS) {
  return accessFault({ uid, gid, mode: 0o100000 | mode }, reader, content);
}

describe('a file with a secret', () => {
  it.each<readonly [number, number, number]>([
    [1_000, 1_000, 0o600],
    [1_000, 1_000, 0o400],
    [0, 0, 0o400],
    // As Kubernetes mounts it for a pod with an fsGroup.
    [0, 2_000, 0o440],
    [0, 2_000, 0o640],
    [0, 2_000, 0o660],
    // Of a group that is not ours: only an access list can have let us in, such as that of a systemd credential.
    [0, 0, 0o440],
    [0, 3_000, 0o440],
  ])('of user %i and group %i with mode %o is trusted', (...file) => {
    expect(said('secret', file)).toBeUndefined();
  });

  it.each<readonly [number, number, number]>([
    [1_000, 1_000, 0o640],
    [1_000, 1_000, 0o620],
    [1_000, 1_000, 0o601],
    [0, 2_000, 0o444],
    [0, 2_000, 0o446],
    [0, 3_000, 0o460],
  ])('of user %i and group %i with mode %o can be read by others', (...file) => {
    expect(said('secret', file)).toMatch(/^can be read by others: chmod 0(600|440) it/);
  });

  // Kubernetes mounts secrets 0644 unless it is told otherwise, Docker 0444; nobody can chmod them there.
  it.each([0o644, 0o444])('of root with mode %o says how Kubernetes and Docker are told', (mode) => {
    expect(said('secret', [0, 0, mode])).toContain('in Kubernetes: defaultMode: 0440 and fsGroup');
    expect(said('secret', [0, 0, mode])).toContain('as a secret of Docker: uid: "1000" and mode: 0400');
  });

  it('is trusted as Docker mounts it once that is configured', () => {
    expect(said('secret', [1_000, 0, 0o400])).toBeUndefined();
  });

  it.each([0o600, 0o400])('of another user with mode %o is not trusted', (mode) => {
    expect(said('secret', [1_001, 1_001, mode])).toMatch(/^belongs to another user: chown it/);
    expect(said('secret', [1_001, 1_001, mode], ROOT)).toMatch(/^belongs to another user/);
  });

  it('of root is root’s alone, though root is in the group of root', () => {
    expect(said('secret', [0, 0, 0o640], ROOT)).toMatch(/^can be read by others: chmod 0600 it$/);
  });
});

describe('a file with authority', () => {
  it.each<readonly [number, number, number]>([
    [1_000, 1_000, 0o644],
    [0, 0, 0o444],
    [0, 2_000, 0o664],
  ])('of user %i and group %i with mode %o is trusted', (...file) => {
    expect(said('authority', file)).toBeUndefined();
  });

  it.each<readonly [number, number, number]>([
    [1_000, 1_000, 0o664],
    [1_000, 1_000, 0o646],
    [0, 3_000, 0o664],
    [0, 2_000, 0o666],
  ])('of user %i and group %i with mode %o can be written by others', (...file) => {
    expect(said('authority', file)).toBe('can be written by others: chmod go-w it');
  });

  it('of another user is not trusted', () => {
    expect(said('authority', [1_001, 1_001, 0o644])).toMatch(/^belongs to another user/);
  });
});

describe('a credential of systemd', () => {
  it('may show as group-read, and nothing more', () => {
    expect(said('credential', [0, 0, 0o440])).toBeUndefined();
    expect(said('credential', [0, 0, 0o460])).toMatch(/^can be read by others/);
    expect(said('credential', [0, 0, 0o444])).toMatch(/^can be read by others/);
  });
});

it('owners that the system does not know are not asked for', () => {
  expect(accessFault({ uid: 5, gid: 5, mode: 0o666 }, undefined, 'secret')).toBeUndefined();
});
