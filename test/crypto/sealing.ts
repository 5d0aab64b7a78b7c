import type { Keyring, ValueBinding } from '../../src/app/ports/deps.ts';
import type { Key } from '../../src/core/kms/keys.ts';
import { range } from '../support/builders.ts';
import { aCustomKey } from '../support/keys.ts';

/** What a value is sealed for, where that does not matter. */
export const BINDING: ValueBinding = {
  projectId: 'p1',
  secretId: 's1',
  secretName: 'name',
  versionUid: 'u1',
  kind: 'string',
};

/** A key with so many versions, their material made by this keyring. */
export function keyOf(keyring: Keyring, changes: Partial<Key>, versions = 1): Key {
  const bare = aCustomKey(changes);
  const material = (number: number) => keyring.createKeyMaterial(bare, number);
  const made = range(1, versions).map((number) => ({ number, wrapped: material(number), createTimeMs: 1 }));
  return { ...bare, versions: made };
}

/** The bytes with a single bit flipped, each of them in turn. */
export function* flips(bytes: Uint8Array): Generator<Buffer> {
  for (let bit = 0; bit < bytes.length * 8; bit += 1) {
    const changed = Buffer.from(bytes);
    changed[bit >> 3]! ^= 1 << (bit & 7);
    yield changed;
  }
}

/** Every single bit flipped, every truncation, one byte more. */
export function* variants(bytes: Uint8Array): Generator<Buffer> {
  yield* flips(bytes);
  for (let length = 0; length < bytes.length; length += 1) yield Buffer.from(bytes.subarray(0, length));
  yield Buffer.concat([bytes, Buffer.of(0)]);
}
