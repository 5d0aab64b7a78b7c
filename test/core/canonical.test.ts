import { Buffer } from 'node:buffer';
import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  canonicalChecker,
  canonicalContents,
  canonicalEvent,
  canonicalGrant,
  canonicalKey,
  canonicalNotification,
  canonicalSecret,
  canonicalSigningKey,
  canonicalTask,
} from '../../src/core/canonical.ts';
import type { CheckerConfig } from '../../src/core/checker.ts';
import type { SecretEvent } from '../../src/core/event.ts';
import type { Grant } from '../../src/core/grant.ts';
import type { Key } from '../../src/core/key.ts';
import type { Secret, Stage, Tag, Version } from '../../src/core/secret.ts';
import type { Task } from '../../src/core/task.ts';
import { aKey, aNotification, anAggregate, anEvent, aSecret, aVersion, T0 } from '../support/builders.ts';
import { aTask } from '../support/memory-tasks.ts';

/** Every field has a value here; the type makes a new field appear, and so be covered below. */
const FULL_SECRET: { readonly [F in keyof Required<Secret>]: NonNullable<Secret[F]> } = {
  id: 'id',
  projectId: 'project',
  name: 'name',
  state: 'PENDING_DELETE',
  stateBeforeDeletion: 'DISABLED',
  kmsKeyId: 'key',
  description: 'description',
  createTimeMs: 11,
  updateTimeMs: 12,
  scheduledDeleteTimeMs: 13,
  secretType: 'RDS-FG',
  autoRotation: true,
  rotationPeriod: '30d',
  rotationConfig: '{}',
  rotationFuncUrn: 'urn',
  rotationTimeMs: 14,
  nextRotationTimeMs: 15,
  eventSubscriptions: ['event'],
  enterpriseProjectId: '0',
  lastVersionNumber: 16,
  revision: 17,
};
const FULL_VERSION: { readonly [F in keyof Required<Version>]: NonNullable<Version[F]> } = {
  number: 1,
  uid: 'uid',
  kind: 'string',
  kmsKeyId: 'key',
  createTimeMs: 11,
  expireTimeMs: 12,
  expiryNotified: true,
  slot: 0,
};
const STAGE: Required<Stage> = { name: 'blue', versionNumber: 1, updateTimeMs: 11, slot: 2 };

const TAG: Required<Tag> = { key: 'team', value: 'payments' };
const GRANT = {
  projectId: 'project',
  secretId: 'secret',
  id: 'id',
  createTimeMs: 11,
  updateTimeMs: 12,
  expireTimeMs: 13,
  revision: 14,
} satisfies Omit<Grant, 'grantee'>;
const GRANTEE: Grant['grantee'] = { type: 'user', id: 'someone' };

/** Other values that a field of that kind may have. */
function alternatives(value: unknown): unknown[] {
  if (typeof value === 'string') return ['', `${value}x`, `${value}",null`, `"${value}`];
  if (typeof value === 'number') return [value + 1, 2 * value + 3, -1 - value];
  if (typeof value === 'boolean') return [!value];
  if (value instanceof Uint8Array) return [Buffer.from(''), Buffer.concat([value, Buffer.from([0])])];
  if (Array.isArray(value)) return [[], [...value, ...value], [`${value[0]}x`], [`${value.join()},`]];
  throw new Error(`no alternatives for ${typeof value}`);
}

/** The row itself and every row that differs from it in one field, absence included. */
function neighbours<T extends object>(row: T): T[] {
  const changed = Object.entries(row).flatMap(([field, value]) =>
    [undefined, ...alternatives(value)]
      .filter((other) => !isDeepStrictEqual(other, value))
      .map((other) => ({ ...row, [field]: other })),
  );
  return [row, ...changed];
}

function expectAllDifferent(texts: string[]): void {
  expect(texts.filter((text, index) => texts.indexOf(text) !== index)).toEqual([]);
}

describe('every single change gives another text', () => {
  it.each(Object.keys(FULL_SECRET) as (keyof Secret)[])('in the field %s of a secret', (field) => {
    const [row, ...others] = neighbours(FULL_SECRET).filter(
      (other) => other === FULL_SECRET || other[field] !== FULL_SECRET[field],
    );
    expect(others.length).toBeGreaterThan(1);
    expectAllDifferent([row, ...others].map((secret) => canonicalSecret(secret as Secret, 'digest')));
  });

  it('in the digest of the contents', () => {
    expectAllDifferent(['', 'digest', 'digest0'].map((digest) => canonicalSecret(FULL_SECRET, digest)));
  });

  it.each(Object.keys(FULL_VERSION) as (keyof Version)[])('in the field %s of a version', (field) => {
    const rows = neighbours(FULL_VERSION).filter(
      (row) => row === FULL_VERSION || row[field] !== FULL_VERSION[field],
    );
    expect(rows.length).toBeGreaterThan(2);
    expectAllDifferent(
      rows.map((row) => canonicalContents({ versions: [row as Version], stages: [], tags: [] })),
    );
  });

  it.each(Object.keys(STAGE) as (keyof Stage)[])('in the field %s of a stage', (field) => {
    const rows = neighbours(STAGE).filter((row) => row === STAGE || row[field] !== STAGE[field]);
    expect(rows.length).toBeGreaterThan(2);
    expectAllDifferent(rows.map((stage) => canonicalContents({ versions: [], stages: [stage], tags: [] })));
  });

  it.each(Object.keys(TAG) as (keyof Tag)[])('in the field %s of a tag', (field) => {
    const rows = neighbours(TAG).filter((row) => row === TAG || row[field] !== TAG[field]);
    expect(rows.length).toBeGreaterThan(2);
    expectAllDifferent(rows.map((tag) => canonicalContents({ versions: [], stages: [], tags: [tag] })));
  });

  it('in the fields of a grant', () => {
    const rows = [
      ...neighbours(GRANT).map((row) => ({ ...row, grantee: GRANTEE })),
      ...neighbours(GRANTEE)
        .slice(1)
        .map((grantee) => ({ ...GRANT, grantee })),
    ];
    expect(rows.length).toBeGreaterThan(20);
    expectAllDifferent(rows.map(canonicalGrant));
  });

  it('in the fields of a key', () => {
    const { versions, aliases, tags, rotation, ...fields } = aKey({ scheduledDeleteTimeMs: 13 });
    const parts = { versions, aliases, tags, rotation };
    expectAllDifferent(neighbours(fields).map((row) => canonicalKey({ ...row, ...parts } as Key)));
  });

  it('in the fields of a key’s rotation, of an alias and of a tag', () => {
    const [rotation, alias, tag] = [
      { intervalDays: 30, nextTimeMs: 14 },
      { alias: 'db', createTimeMs: 15, updateTimeMs: 16 },
      { key: 'team', value: 'red' },
    ];
    const texts = (keys: Partial<Key>[]) => keys.map((key) => canonicalKey(aKey(key)));
    const whole = <T extends object>(row: T) =>
      neighbours(row).filter((other) => Object.values(other).every((value) => value !== undefined));
    expectAllDifferent(texts([{}, ...whole(rotation).map((row) => ({ rotation: row }))]));
    expectAllDifferent(texts([{ aliases: [] }, ...whole(alias).map((row) => ({ aliases: [row] }))]));
    expectAllDifferent(texts([{ tags: [] }, ...whole(tag).map((row) => ({ tags: [row] }))]));
    const other = { key: 'tier', value: '' };
    expectAllDifferent(texts([{ tags: [tag, other] }, { tags: [other, tag] }, { tags: [tag] }]));
  });

  it('in the fields of a key version', () => {
    const version = { number: 1, wrapped: Buffer.from('material'), createTimeMs: T0 };
    const rows = neighbours(version).filter((row) => row.wrapped !== undefined);
    expectAllDifferent(rows.map((row) => canonicalKey(aKey({ versions: [row] }))));
  });

  it('in the fields of an event and of its target', () => {
    const { target, ...fields } = anEvent();
    const rows = neighbours(fields).map((row) => ({ ...row, target }) as SecretEvent);
    const targets = neighbours(target).map((other) => ({ ...fields, target: other }));
    expectAllDifferent([...rows, ...targets.slice(1)].map(canonicalEvent));
  });

  it('in the fields of a notification', () => {
    const rows = neighbours(aNotification());
    expectAllDifferent(rows.map((row) => canonicalNotification(row)));
  });

  it('in the fields of the signing key', () => {
    const key = { certificatePem: 'pem', sealedPrivateKey: Buffer.from('sealed'), createTimeMs: 1 };
    const rows = neighbours(key).filter((row) => row.sealedPrivateKey !== undefined);
    expectAllDifferent(rows.map(canonicalSigningKey));
  });

  it('in the fields of a task and of its error', () => {
    const error = { code: 'FUNCTION_FAILED', message: 'no' } as const;
    const task: Required<Task> = {
      ...aTask({ versionNumber: 21, error }),
      attempts: 22,
      failuresBefore: 23,
    } as never;
    const { error: _, ...fields } = task;
    const rows = neighbours(fields).map((row) => ({ ...row, error }) as Task);
    const errors = neighbours(error).map((other) => ({ ...task, error: other }) as Task);
    expectAllDifferent([...rows, ...errors.slice(1), { ...task, error: undefined }].map(canonicalTask));
  });

  it('in the fields of a checker configuration', () => {
    const config = { projectId: 'project', checksStrength: true, updateTimeMs: 11, revision: 1 };
    expectAllDifferent(neighbours(config).map((row) => canonicalChecker(row as CheckerConfig)));
  });

  it('in which rows there are, and in their order', () => {
    const full = anAggregate({
      versions: [1, 2],
      stages: { SYSCURRENT: 2, SYSPREVIOUS: 1 },
      tags: [TAG, { key: 'other', value: '' }],
    });
    const { versions, stages, tags } = full;
    const contents = [
      { versions, stages, tags },
      { versions: versions.slice(0, 1), stages, tags },
      { versions: versions.slice(1), stages, tags },
      { versions: versions.toReversed(), stages, tags },
      { versions: [...versions, ...versions], stages, tags },
      { versions, stages: stages.slice(1), tags },
      { versions, stages: stages.toReversed(), tags },
      { versions, stages: [], tags },
      { versions, stages, tags: tags.slice(1) },
      { versions, stages, tags: tags.toReversed() },
      { versions, stages, tags: [] },
      { versions: [], stages, tags },
      { versions: [], stages: [], tags: [] },
    ];
    expectAllDifferent(contents.map(canonicalContents));
  });
});

describe('no two rows share a text', () => {
  /** Few characters, among them all that have a meaning in JSON: cut twice, the same text may blur into one. */
  const character = fc.constantFrom('a', '"', ',', '\\', '[', ']', '\0', '\ud800');
  const text = fc.string({ unit: character, maxLength: 6 });
  const cuts = fc.tuple(fc.nat(6), fc.nat(6), fc.nat(6));

  function fourPieces(whole: string, at: readonly number[]): [string, string, string, string] {
    const [a = 0, b = 0, c = 0] = [...at].sort();
    return [whole.slice(0, a), whole.slice(a, b), whole.slice(b, c), whole.slice(c)];
  }

  function expectApart(textOf: (pieces: [string, string, string, string]) => string): void {
    fc.assert(
      fc.property(text, cuts, cuts, (whole, here, there) => {
        const [one, other] = [fourPieces(whole, here), fourPieces(whole, there)];
        expect(textOf(one) === textOf(other)).toBe(isDeepStrictEqual(one, other));
      }),
      { numRuns: 1_000 },
    );
  }

  it('when a character moves to the next field', () => {
    const moved = [
      [aSecret({ id: 'ab', projectId: 'c' }), aSecret({ id: 'a', projectId: 'bc' })],
      [aSecret({ projectId: 'ab', name: 'c' }), aSecret({ projectId: 'a', name: 'bc' })],
      [aSecret({ kmsKeyId: 'ab', description: 'c' }), aSecret({ kmsKeyId: 'a', description: 'bc' })],
      [aSecret({ kmsKeyId: 'a","b', description: 'c' }), aSecret({ kmsKeyId: 'a', description: 'b","c' })],
      [aSecret({ eventSubscriptions: ['ab', 'c'] }), aSecret({ eventSubscriptions: ['a', 'bc'] })],
      [aSecret({ eventSubscriptions: ['a,b'] }), aSecret({ eventSubscriptions: ['a', 'b'] })],
      [aSecret({ rotationTimeMs: 1 }), aSecret({ nextRotationTimeMs: 1 })],
      [aSecret({ rotationPeriod: 'null' }), aSecret({ rotationPeriod: undefined })],
    ] as const;
    for (const [one, other] of moved) expect(canonicalSecret(one, 'd')).not.toBe(canonicalSecret(other, 'd'));
  });

  it('unless they are the same secret', () => {
    expectApart(([projectId, name, event, other]) =>
      canonicalSecret(aSecret({ projectId, name, eventSubscriptions: [event, other] }), 'digest'),
    );
  });

  it('unless they have the same contents', () => {
    expectApart(([uid, kmsKeyId, nextUid, name]) =>
      canonicalContents({
        versions: [aVersion({ uid, kmsKeyId }), aVersion({ number: 2, uid: nextUid })],
        stages: [{ ...STAGE, name }],
        tags: [],
      }),
    );
  });

  it('unless they have the same tags', () => {
    expectApart(([key, value, next, other]) =>
      canonicalContents({
        versions: [],
        stages: [],
        tags: [
          { key, value },
          { key: next, value: other },
        ],
      }),
    );
  });

  it('unless they are the same grant', () => {
    expectApart(([projectId, secretId, id, grantee]) =>
      canonicalGrant({ ...GRANT, projectId, secretId, id, grantee: { ...GRANTEE, id: grantee } }),
    );
  });

  it('of a secret, a key and a checker configuration', () => {
    const config = { projectId: 'p', checksStrength: true, updateTimeMs: 1, revision: 1 };
    const texts = [canonicalSecret(aSecret(), ''), canonicalKey(aKey()), canonicalChecker(config)];
    expect(new Set(texts.map((text) => text.slice(0, 8))).size).toBe(3);
  });
});
