import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  defineTable,
  flag,
  type Layout,
  names,
  optional,
  otherwise,
  plain,
  type Row,
  type Stored,
  type Table,
} from '../../../src/storage/columns/fields.ts';
import * as keyTables from '../../../src/storage/columns/keys.ts';
import * as secretTables from '../../../src/storage/columns/secrets.ts';
import * as otherTables from '../../../src/storage/columns/small.ts';
import { textOf } from '../../../src/storage/columns/texts.ts';
import { rowText } from '../../../src/storage/row-mac.ts';
import { aKey, aNotification, anEvent, aSecret, aTask, aVersion } from '../../support/builders.ts';

const { CONTENTS_KIND, ...tables } = { ...secretTables, ...keyTables, ...otherTables };
const TABLES = Object.values(tables) as readonly Table<object>[];

/** Two things of each table: one that has everything, and one that lacks what may be absent. */
const THINGS: Readonly<Record<string, readonly [object, object]>> = {
  secret: [
    aSecret({
      state: 'PENDING_DELETE',
      stateBeforeDeletion: 'DISABLED',
      scheduledDeleteTimeMs: 13,
      secretType: 'RDS-FG',
      autoRotation: true,
      rotationPeriod: '30d',
      rotationConfig: '{}',
      rotationFuncUrn: 'urn',
      rotationTimeMs: 14,
      nextRotationTimeMs: 15,
      eventSubscriptions: ['event', '"'],
    }),
    aSecret(),
  ],
  version: [aVersion({ expireTimeMs: 12, expiryNotified: true }), aVersion()],
  stage: [stageOf('blue'), stageOf('green')],
  secret_tag: [
    { key: 'team', value: 'payments' },
    { key: 'empty', value: '' },
  ],
  kms_key: [
    withoutParts(aKey({ scheduledDeleteTimeMs: 13, rotation: { intervalDays: 30, nextTimeMs: 14 } })),
    withoutParts(aKey()),
  ],
  kms_key_version: [material('one'), material('')],
  kms_key_alias: [
    { alias: 'one', createTimeMs: 1, updateTimeMs: 2 },
    { alias: 'two', createTimeMs: 3, updateTimeMs: 3 },
  ],
  kms_key_tag: [
    { key: 'team', value: 'red', position: 0 },
    { key: 'tier', value: '', position: 1 },
  ],
  kms_key_destroyed: [
    { projectId: 'p', id: 'k', destroyTimeMs: 1 },
    { projectId: 'p', id: 'other', destroyTimeMs: 2 },
  ],
  event: [anEvent(), anEvent({ types: [] })],
  notification: [aNotification({ nextAttemptMs: 5 }), aNotification({ nextAttemptMs: undefined })],
  task: [
    aTask({ versionNumber: 21, nextAttemptMs: 5, error: { code: 'FUNCTION_FAILED', message: 'no' } }),
    aTask({ versionNumber: undefined, nextAttemptMs: undefined, error: undefined }),
  ],
  secret_grant: [grantOf(13), grantOf(undefined)],
  checker_config: [
    { projectId: 'p', checksStrength: true, updateTimeMs: 1, revision: 1 },
    { projectId: 'p', checksStrength: false, updateTimeMs: 1, revision: 1 },
  ],
  revoked_token: [
    { id: 'a', userId: 'u', expireTimeMs: 1 },
    { id: '', userId: '', expireTimeMs: 0 },
  ],
  clock: [
    { seenMs: 1, hold: { seenMs: 2, passedMs: 0 } },
    { seenMs: 1, hold: undefined },
  ],
  signing_key: [
    { certificatePem: 'pem', sealedPrivateKey: Buffer.from('sealed'), createTimeMs: 1 },
    { certificatePem: '', sealedPrivateKey: Buffer.from(''), createTimeMs: 1 },
  ],
};

function stageOf(name: string) {
  return { name, versionNumber: 1, updateTimeMs: 11, slot: 2 };
}
function material(text: string) {
  return { number: 1, wrapped: Buffer.from(text), createTimeMs: 1 };
}
function withoutParts({ aliases: _, tags: __, versions: ___, ...key }: ReturnType<typeof aKey>) {
  return key;
}
function grantOf(expireTimeMs: number | undefined) {
  const grantee = { type: 'user', id: 'someone' };
  return { id: 'id', grantee, createTimeMs: 11, updateTimeMs: 12, expireTimeMs, revision: 14 };
}

/** Other values that a column may hold. */
function alternatives(stored: Stored): Stored[] {
  if (stored instanceof Uint8Array) return [Buffer.concat([stored, Buffer.from([0])]), null, ''];
  if (typeof stored === 'number') return [stored + 1, -1 - stored, String(stored), null];
  return ['', `${stored}x`, `${stored}",null`, 0, null].filter((other) => other !== stored);
}

describe.each(TABLES)('the table $name', (table) => {
  const [full, sparse] = THINGS[table.name]!;

  it('gives back what it was given, absent fields included', () => {
    for (const thing of [full, sparse]) {
      const row = table.encode(thing);
      expect(table.decode([...row, 'what stands behind'])).toStrictEqual(thing);
      expect(row).toHaveLength(table.own.length);
      expect(row).not.toContain(undefined);
    }
  });

  it('has a text of its own for every change of one column', () => {
    const more = table.columns.slice(table.own.length).map((column) => `the ${column}`);
    const rows = [full, sparse].flatMap((thing) => {
      const row = [...table.encode(thing), ...more];
      return [
        row,
        ...row.flatMap((stored, place) => alternatives(stored).map((other) => row.with(place, other))),
      ];
    });
    const distinct = rows.filter(
      (row, at) => rows.findIndex((other) => isDeepStrictEqual(row, other)) === at,
    );
    expect(new Set(distinct.map((row) => rowText(table, row))).size).toBe(distinct.length);
  });

  it('says in the text what each column holds, but for those that hold what old rows hold', () => {
    const [kind, [name, columns, values]] = JSON.parse(rowText(table, table.encode(sparse)));
    expect([kind, name]).toEqual([table.kind, table.name]);
    expect(columns).toHaveLength(values.length);
    for (const [place, column] of table.own.entries()) {
      expect(columns.includes(column)).toBe(table.encode(sparse)[place] !== table.fallbacks[place]);
    }
  });
});

describe('texts', () => {
  const form = { name: 'form', columns: ['a', 'b', 'c'], fallbacks: [undefined, null, 0] };
  /** Few values, among them all characters that have a meaning in JSON. */
  const text = fc.string({
    unit: fc.constantFrom('a', '"', ',', '\\', '[', ']', '\0', '\ud800'),
    maxLength: 3,
  });
  const bytes = text.map((value) => Buffer.from(value));
  const stored: fc.Arbitrary<Stored> = fc.oneof(fc.constantFrom(null, 0, 1), text, bytes);
  const rows: fc.Arbitrary<Row[]> = fc.array(fc.tuple(stored, stored, stored), { maxLength: 3 });

  it('are the same for the same rows alone', () => {
    fc.assert(
      fc.property(rows, rows, rows, (one, other, third) => {
        const write = (first: Row[], second: Row[]) =>
          textOf('kind/1', [
            [form, first],
            [{ ...form, name: 'other' }, second],
          ]);
        expect(write(one, third) === write(other, third)).toBe(isDeepStrictEqual(one, other));
        expect(write(one, other) === write(other, one)).toBe(isDeepStrictEqual(one, other));
      }),
      { numRuns: 2_000 },
    );
  });

  it('tell kinds apart', () => {
    const kinds = TABLES.map(({ kind }) => kind);
    expect(new Set([...kinds, CONTENTS_KIND]).size).toBe(kinds.length + 1);
    expect(textOf('kind/1', [[form, [['x', null, 0]]]])).not.toBe(
      textOf('kind/2', [[form, [['x', null, 0]]]]),
    );
  });

  interface Thing {
    readonly first: string;
    readonly last: number | undefined;
  }
  interface Later extends Thing {
    readonly added: boolean;
    readonly beside: readonly string[];
  }
  const layout: Layout<Thing, Thing> = { name: 'thing', fields: { first: plain(), last: optional() } };
  const now = defineTable<Thing>(layout);
  const later = defineTable<Later>({
    name: 'thing',
    fields: {
      beside: otherwise<readonly string[]>([], names()),
      ...layout.fields,
      added: otherwise(false, flag()),
    },
  });

  it('stay what they are when a field is added, wherever it is added, and say whatever else it holds', () => {
    const thing = { first: 'x', last: 1 };
    const old = { ...thing, added: false, beside: [] };
    expect(rowText(later, later.encode(old))).toBe(rowText(now, now.encode(thing)));
    const changed = [old, { ...old, added: true }, { ...old, beside: ['a'] }].map((other) =>
      rowText(later, later.encode(other)),
    );
    expect(new Set(changed).size).toBe(3);
  });

  it('stay what they are when a table is added, and say whatever is in it', () => {
    const before = textOf('kind/1', [[form, [['x', 1, 1]]]]);
    const added = (rows: Row[]) =>
      textOf('kind/1', [
        [form, [['x', 1, 1]]],
        [now, rows],
      ]);
    expect(added([])).toBe(before);
    expect(added([['', null]])).not.toBe(before);
  });

  it('are of things that JSON can be completed to, unless it lacks what has always been there', () => {
    expect(later.complete({ first: 'x' })).toStrictEqual({
      first: 'x',
      last: undefined,
      added: false,
      beside: [],
    });
    expect(later.complete({ first: 'x', added: true, unknown: 1 })).toMatchObject({ added: true });
    for (const written of [{ last: 1 }, {}, null, 'text'])
      expect(() => later.complete(written)).toThrow(expect.objectContaining({ code: 'damaged' }));
  });
});
