import { Buffer } from 'node:buffer';
import { describe, expect, it } from 'vitest';
import {
  boundHeader,
  decodeBackup,
  encodeBackup,
  formatBlob,
  parseBlob,
} from '../../../src/core/secrets/blob.ts';
import type { SecretAggregate } from '../../../src/core/secrets/secrets.ts';
import { completeBackup } from '../../../src/storage/backup.ts';
import { anAggregate, outcome, T0 } from '../../support/builders.ts';

const HEADER = { projectId: 'p1', keyId: 'key-1', secretName: 'db', timeMs: T0 };
const SEALED = { wrappedKey: Buffer.from('wrapped'), body: Buffer.from([0, 255, 254, 1]) };
const BLOB = formatBlob(boundHeader(HEADER), SEALED);
const PREFIX = ')CsmsServerSecretBackupV1.';

describe('a blob as text', () => {
  it('gives back what it was made of', () => {
    expect(parseBlob(BLOB)).toEqual({ header: HEADER, bound: boundHeader(HEADER), sealed: SEALED });
  });

  it('shows its format and its header to everybody', () => {
    expect(BLOB.startsWith(PREFIX)).toBe(true);
    const header = Buffer.from(BLOB.slice(PREFIX.length).split('.')[0]!, 'base64url').toString();
    expect(JSON.parse(header)).toEqual({ project: 'p1', key: 'key-1', secret: 'db', time: T0 });
  });

  const withHeader = (text: string) => `${PREFIX}${Buffer.from(text).toString('base64url')}.QQ.QQ`;
  it.each([
    ['nothing', ''],
    ['the prefix alone', PREFIX],
    ['another format', BLOB.replace('V1', 'V2')],
    ['the vendor’s own blob', ')CloudSecretManagementBackupV1.comeyJraWQiOiI5Zj.a.b.c.d'],
    ['a part too few', BLOB.slice(0, BLOB.lastIndexOf('.'))],
    ['a part too many', `${BLOB}.QQ`],
    ['an empty part', `${BLOB.slice(0, BLOB.lastIndexOf('.'))}.`],
    ['another alphabet', BLOB.replace(/.$/, '+')],
    ['padding', `${BLOB}=`],
    ['a blank at the end', `${BLOB} `],
    // 'QR' decodes to the same byte as 'QQ'.
    ['bits that decode to nothing', `${BLOB.slice(0, BLOB.lastIndexOf('.'))}.QR`],
    ['a header that is no JSON', withHeader('{')],
    ['a header that is null', withHeader('null')],
    ['a header that lacks the key', withHeader('{"project":"p","secret":"s","time":1}')],
    ['a header with a list for a name', withHeader('{"project":["p"],"key":"k","secret":"s","time":1}')],
    ['a header with a broken time', withHeader('{"project":"p","key":"k","secret":"s","time":1.5}')],
  ])('is refused when it is %s', (_, text) => {
    expect(outcome(() => parseBlob(text))).toBe('invalid-parameter');
  });
});

describe('the contents', () => {
  const aggregate = anAggregate({ versions: [3, 7], stages: { SYSCURRENT: 7, blue: 3 } });
  const values = [Buffer.from([0, 1, 2, 255]), Buffer.from('é漢🔑\n')];

  it('come back, the values byte for byte', () => {
    const backup = decodeBackup(encodeBackup({ aggregate, values }), completeBackup);
    expect(backup.values).toEqual(values);
    // Absent fields stay absent.
    expect(backup.aggregate).toEqual(aggregate);
  });

  it('come back from a program that knew less, and not without what has always been there', () => {
    const decode = (written: unknown) =>
      decodeBackup(encodeBackup({ aggregate: written as SecretAggregate, values }), completeBackup).aggregate;
    const { tags: _, ...older } = structuredClone(aggregate);
    for (const version of older.versions) Reflect.deleteProperty(version, 'expiryNotified');
    expect(decode(older)).toEqual({ ...aggregate, tags: [] });
    expect(decode({ ...older, unknown: 1 })).toEqual({ ...aggregate, tags: [] });
    for (const version of older.versions) Reflect.deleteProperty(version, 'uid');
    expect(outcome(() => decode(older))).toBe('damaged');
    expect(outcome(() => decode(null))).toBe('damaged');
  });

  it('hold values as they are, and not as text', () => {
    const bytes = encodeBackup({ aggregate, values: [Buffer.alloc(1_000), Buffer.alloc(1_000, 0xff)] });
    expect(bytes.length).toBeLessThan(2_000 + JSON.stringify(aggregate).length + 3 * 4 + 1);
  });

  it('may hold an empty value', () => {
    const empty = [Buffer.alloc(0), Buffer.alloc(0)];
    expect(decodeBackup(encodeBackup({ aggregate, values: empty }), completeBackup).values).toEqual(empty);
  });

  it.each([
    ['cut off in a value', (bytes: Buffer) => bytes.subarray(0, -1)],
    ['cut off in a length', (bytes: Buffer) => bytes.subarray(0, 2)],
    ['a value short', () => encodeBackup({ aggregate, values: values.slice(1) })],
    ['a value too many', () => encodeBackup({ aggregate, values: [...values, Buffer.from('x')] })],
    ['longer than they say', (bytes: Buffer) => Buffer.concat([bytes, Buffer.from([9])])],
  ])('are refused when they are %s', (_, change) => {
    expect(outcome(() => decodeBackup(change(encodeBackup({ aggregate, values })), completeBackup))).toBe(
      'damaged',
    );
  });
});
