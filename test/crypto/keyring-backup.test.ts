import { createSecretKey } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { createKeyring } from '../../src/crypto/keyring.ts';
import { outcome } from '../support/builders.ts';
import { BINDING, flips, keyOf } from './sealing.ts';

const KEK = createSecretKey(Buffer.alloc(32, 1));
const HEADER = ')Prefix.header';
const CONTENTS = Buffer.from('contents of a backup');

const keyringOf = (installationId = 'installation-1', kek = KEK) => createKeyring({ installationId, kek });

const keyring = keyringOf();
const key = keyOf(keyring, { projectId: 'p1', id: 'key-1' }, 2);
const sealed = keyring.sealBackup(key, HEADER, CONTENTS);

describe('a sealed backup', () => {
  it('opens with its key and header, also in another process', () => {
    expect(keyring.openBackup(key, HEADER, sealed)).toEqual(CONTENTS);
    expect(keyringOf().openBackup(key, HEADER, sealed)).toEqual(CONTENTS);
  });

  it('is sealed under the newest version of the key, and opens after the next one came', () => {
    expect(Buffer.from(sealed.wrappedKey).readUInt32BE(6)).toBe(2);
    const wrapped = keyring.createKeyMaterial(key, 3);
    const rotated = { ...key, versions: [...key.versions, { number: 3, wrapped, createTimeMs: 2 }] };
    expect(keyringOf().openBackup(rotated, HEADER, sealed)).toEqual(CONTENTS);
    expect(Buffer.from(keyring.sealBackup(rotated, HEADER, CONTENTS).wrappedKey).readUInt32BE(6)).toBe(3);
  });

  it('shows nothing of its contents and is another one every time', () => {
    const again = keyring.sealBackup(key, HEADER, CONTENTS);
    expect(Buffer.from(sealed.body).includes(CONTENTS)).toBe(false);
    expect(again.body).not.toEqual(sealed.body);
    expect(again.wrappedKey).not.toEqual(sealed.wrappedKey);
  });

  it.each(['wrappedKey', 'body'] as const)('is refused with any bit of its %s changed', (part) => {
    for (const changed of flips(sealed[part]))
      expect(outcome(() => keyring.openBackup(key, HEADER, { ...sealed, [part]: changed }))).toBe('damaged');
  });

  const other = keyOf(keyring, { projectId: 'p1', id: 'key-2' });
  it.each<[string, () => unknown]>([
    ['with another header', () => keyring.openBackup(key, `${HEADER}x`, sealed)],
    ['with another key', () => keyring.openBackup(other, HEADER, sealed)],
    [
      'with the same material as another key',
      () => keyring.openBackup({ ...key, id: 'key-2' }, HEADER, sealed),
    ],
    ['in another project', () => keyring.openBackup({ ...key, projectId: 'p2' }, HEADER, sealed)],
    ['in another installation', () => keyringOf('installation-2').openBackup(key, HEADER, sealed)],
    [
      'under another root key',
      () => keyringOf('installation-1', createSecretKey(Buffer.alloc(32, 2))).openBackup(key, HEADER, sealed),
    ],
    [
      'without its version of the key',
      () => keyringOf().openBackup({ ...key, versions: key.versions.slice(0, 1) }, HEADER, sealed),
    ],
    ['as a value', () => keyring.open(key, BINDING, sealed)],
    ['when it is a value', () => keyring.openBackup(key, HEADER, keyring.seal(key, BINDING, CONTENTS))],
    [
      'when it is cut off',
      () => keyring.openBackup(key, HEADER, { ...sealed, body: sealed.body.subarray(0, 20) }),
    ],
  ])('is refused %s', (_, open) => {
    expect(outcome(open)).toBe('damaged');
  });
});
