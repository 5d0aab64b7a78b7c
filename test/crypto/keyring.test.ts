import * as crypto from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import type { ValueBinding } from '../../src/app/ports/deps.ts';
import { SecretError } from '../../src/core/errors.ts';
import type { Key } from '../../src/core/kms/keys.ts';
import type { SealedValue } from '../../src/core/secrets/secrets.ts';
import { createXaesKey } from '../../src/crypto/aead.ts';
import { materialContext, unwrapMaterial, valueContexts, wrapDataKey } from '../../src/crypto/envelope.ts';
import { createKeyMaterials } from '../../src/crypto/key-material.ts';
import { createKeyring } from '../../src/crypto/keyring.ts';
import { BINDING, keyOf, variants } from './sealing.ts';

/** Every Buffer of key bytes that came from node:crypto or went there, to see that it was zeroed. */
const keyBytes: Uint8Array[] = [];
let derivations = 0;
vi.mock('node:crypto', async (importOriginal) => {
  const actual = await importOriginal<typeof import('node:crypto')>();
  return {
    ...actual,
    randomBytes: (bytes: number) => {
      const random = actual.randomBytes(bytes);
      if (bytes === 32) keyBytes.push(random);
      return random;
    },
    createSecretKey: (bytes: Buffer) => {
      keyBytes.push(bytes);
      return actual.createSecretKey(bytes);
    },
    createHmac: (...given: Parameters<typeof actual.createHmac>) => {
      derivations++;
      return actual.createHmac(...given);
    },
  };
});

const { randomBytes, randomUUID } = crypto;
const installationId = randomUUID();
const kek = crypto.createSecretKey(randomBytes(32));
const keyring = createKeyring({ installationId, kek });
const ref = { projectId: 'p1', id: 'k1' };
const key = keyOf(keyring, ref, 2);
const DAMAGED = 'A stored value cannot be opened.';

/** True when the value opens; any failure but the one that is allowed fails the test. */
function opens(of: Key, bound: ValueBinding, sealed: SealedValue, ring = keyring): boolean {
  try {
    ring.open(of, bound, sealed);
    return true;
  } catch (error) {
    // Plain comparisons: this runs many thousand times.
    const isDamaged = error instanceof SecretError && error.code === 'damaged' && error.message === DAMAGED;
    if (!isDamaged || error.cause !== undefined) throw error;
    return false;
  }
}

describe('sealing and opening', () => {
  it.each([0, 1, 15, 16, 17, 31, 32, 33, 1_023, 1_024, 65_535, 65_536])('gives back %i bytes', (bytes) => {
    const value = randomBytes(bytes);
    const sealed = keyring.seal(key, BINDING, value);
    expect(sealed.body.length).toBe(bytes + 66);
    expect(keyring.open(key, BINDING, sealed)).toEqual(value);
    expect(keyring.open(key, BINDING, sealed)).toEqual(value);
  });

  it('gives back any value under any binding, also as plain Uint8Arrays from another thread', () => {
    const bindings = fc.record({
      secretId: fc.string(),
      secretName: fc.string({ unit: 'grapheme' }),
      versionUid: fc.string(),
      kind: fc.constantFrom('string' as const, 'binary' as const),
    });
    const values = fc.integer({ min: 0, max: 65_536 }).map((bytes) => randomBytes(bytes));
    fc.assert(
      fc.property(bindings, values, (facts, value) => {
        const bound = { ...facts, projectId: 'p1' };
        const sealed = structuredClone(keyring.seal(key, bound, value));
        return keyring.open(structuredClone(key), bound, sealed).equals(value);
      }),
      { numRuns: 300 },
    );
  });

  it('seals under the newest key version and opens what older ones sealed', () => {
    const [first] = key.versions;
    const old = keyring.seal({ ...key, versions: [first!] }, BINDING, Buffer.from('old'));
    expect(Buffer.from(old.wrappedKey).readUInt32BE(6)).toBe(1);
    expect(Buffer.from(keyring.seal(key, BINDING, Buffer.of()).wrappedKey).readUInt32BE(6)).toBe(2);
    expect(keyring.open(key, BINDING, old).toString()).toBe('old');
  });

  it('never seals alike twice', () => {
    const [left, right] = [
      keyring.seal(key, BINDING, Buffer.of(1)),
      keyring.seal(key, BINDING, Buffer.of(1)),
    ];
    expect(left.wrappedKey).not.toEqual(right.wrappedKey);
    expect(left.body).not.toEqual(right.body);
  });

  it('refuses to seal under the key of another project', () => {
    const seal = () => keyring.seal(keyOf(keyring, { projectId: 'p2', id: 'k1' }), BINDING, Buffer.of(1));
    expect(seal).toThrow(expect.objectContaining({ code: 'key-unusable' }));
  });
});

describe.each(['cold', 'warm'])('tampering, with a %s cache', (temperature) => {
  const value = randomBytes(300);
  const sealed = keyring.seal(key, BINDING, value);
  const other = keyring.seal(key, BINDING, value);
  const ring = () => {
    const made = createKeyring({ installationId, kek });
    if (temperature === 'warm') for (const stored of [sealed, other]) made.open(key, BINDING, stored);
    return made;
  };

  it('opens no changed, truncated or extended blob', () => {
    const under = ring();
    let tried = 0;
    for (const body of variants(sealed.body)) {
      expect(opens(key, BINDING, { ...sealed, body }, under), `body variant ${tried}`).toBe(false);
      tried++;
    }
    for (const wrappedKey of variants(sealed.wrappedKey)) {
      expect(opens(key, BINDING, { ...sealed, wrappedKey }, under), `key variant ${tried}`).toBe(false);
      tried++;
    }
    expect(tried).toBe(9 * (300 + 66 + 82) + 2);
    expect(opens(key, BINDING, sealed, under)).toBe(true);
  });

  it('opens nothing when a field of the binding changed', () => {
    const under = ring();
    const changes: Partial<ValueBinding>[] = [
      { projectId: 'p2' },
      { secretId: 's2' },
      { secretName: 'Name' },
      { versionUid: 'u2' },
      { kind: 'binary' },
      { secretId: 's1n', secretName: 'ame' },
    ];
    for (const change of changes) expect(opens(key, { ...BINDING, ...change }, sealed, under)).toBe(false);
    expect(opens({ ...key, id: 'k2' }, BINDING, sealed, under)).toBe(false);
    expect(opens({ ...key, projectId: 'p2' }, BINDING, sealed, under)).toBe(false);
    expect(opens(key, BINDING, sealed, createKeyring({ installationId: randomUUID(), kek }))).toBe(false);
  });

  it('opens nothing when the key version is gone, changed, renumbered or another', () => {
    const under = ring();
    const [first, second] = [key.versions[0]!, key.versions[1]!];
    const opensWith = (...versions: Key['versions']) => opens({ ...key, versions }, BINDING, sealed, under);
    expect(opensWith(first)).toBe(false);
    expect(opensWith({ ...second, wrapped: first.wrapped })).toBe(false);
    expect(opensWith({ ...second, number: 3 })).toBe(false);
    expect(opensWith({ ...second, wrapped: keyOf(keyring, ref, 2).versions[1]!.wrapped })).toBe(false);
    for (const wrapped of variants(second.wrapped)) expect(opensWith({ ...second, wrapped })).toBe(false);
    expect(opensWith(second)).toBe(true);
    const renumbered = { ...key, versions: [{ ...second, number: 3 }] };
    expect(() => under.seal(renumbered, BINDING, value)).toThrow(DAMAGED);
  });

  it('opens no half of a value with the half of another, even of the same version', () => {
    const under = ring();
    expect(opens(key, BINDING, { wrappedKey: other.wrappedKey, body: sealed.body }, under)).toBe(false);
    expect(opens(key, BINDING, { wrappedKey: sealed.wrappedKey, body: other.body }, under)).toBe(false);
  });

  it('opens nothing under a data key that was exchanged together with nothing else', () => {
    const under = ring();
    const material = unwrapMaterial(
      createXaesKey(kek),
      key.versions[1]!.wrapped,
      materialContext(installationId, ref, 2),
    );
    const context = valueContexts(installationId, ref.id, BINDING).dataKey(2);
    const wrappedKey = wrapDataKey(createXaesKey(material), {
      dataKey: randomBytes(32),
      cmkVersion: 2,
      context,
    });
    expect(opens(key, BINDING, { wrappedKey, body: sealed.body }, under)).toBe(false);
  });
});

describe('swapped rows', () => {
  it('none opens among 2 projects, 3 secrets, 4 versions, not even where the key ids are equal', () => {
    const rows = ['p1', 'p2'].flatMap((projectId) => {
      const rowKey = keyOf(keyring, { projectId, id: 'k1' });
      return ['a', 'b', 'c'].flatMap((secretName) =>
        [1, 2, 3, 4].map((version) => {
          const versionUid = `${secretName}${version}`;
          const bound: ValueBinding = {
            projectId,
            secretId: secretName,
            secretName,
            versionUid,
            kind: 'string',
          };
          return { key: rowKey, bound, sealed: keyring.seal(rowKey, bound, Buffer.from(versionUid)) };
        }),
      );
    });
    let [accepted, refused] = [0, 0];
    for (const [at, row] of rows.entries()) {
      for (const [from, { key: otherKey, sealed }] of rows.entries()) {
        if (at === from) continue;
        const swaps = [
          opens(row.key, row.bound, sealed),
          opens(otherKey, row.bound, sealed),
          opens(row.key, row.bound, { ...row.sealed, body: sealed.body }),
          opens(row.key, row.bound, { ...row.sealed, wrappedKey: sealed.wrappedKey }),
        ];
        for (const isOpen of swaps) isOpen ? accepted++ : refused++;
      }
    }
    expect([accepted, refused]).toEqual([0, 24 * 23 * 4]);
    for (const row of rows) expect(opens(row.key, row.bound, row.sealed)).toBe(true);
  });
});

describe('caches', () => {
  it('skip the derivation for the same bytes only, and forget the entry used longest ago', () => {
    const ring = createKeyring({ installationId, kek, bodyKeyCacheMax: 2 });
    const stored = ['a', 'b', 'c'].map((text) => ring.seal(key, BINDING, Buffer.from(text)));
    const derivationsOf = (at: number) => {
      const before = derivations;
      // A copy: the very same object is remembered beside this cache.
      ring.open(key, BINDING, { ...stored[at]! });
      return derivations - before;
    };
    expect([0, 1, 0, 2, 0, 1].map(derivationsOf)).toEqual([1, 1, 0, 1, 0, 1]);
  });

  it('remember a sealed value that is opened again, for its key and binding alone', () => {
    const ring = createKeyring({ installationId, kek, bodyKeyCacheMax: 0 });
    const sealed = ring.seal(key, BINDING, Buffer.from('x'));
    ring.open(key, BINDING, sealed);
    const before = derivations;
    expect(ring.open(key, { ...BINDING }, sealed).toString()).toBe('x');
    expect(derivations).toBe(before);
    expect(ring.open({ ...key }, BINDING, sealed).toString()).toBe('x');
    expect(derivations).toBe(before + 1);
    for (const field of ['projectId', 'secretId', 'secretName', 'versionUid'] as const) {
      expect(() => ring.open(key, { ...BINDING, [field]: 'other' }, sealed)).toThrow(SecretError);
    }
    expect(() => ring.open(key, { ...BINDING, kind: 'binary' }, sealed)).toThrow(SecretError);
    expect(() => ring.open(keyOf(ring, ref), BINDING, sealed)).toThrow(SecretError);
    sealed.body[sealed.body.length - 1]! ^= 1;
    expect(() => ring.open(key, BINDING, sealed)).toThrow(SecretError);
  });

  it('drop what they keep of a key that is not in use any more, and of no other', () => {
    const ring = createKeyring({ installationId, kek });
    const other = keyOf(ring, { ...ref, id: 'k2' });
    const stored = [key, other].map((one) => ({ one, sealed: ring.seal(one, BINDING, Buffer.from('x')) }));
    /** By the very object that was sealed, which has a memory of its own, and by a copy. */
    const derivationsOf = (isCopy: boolean) =>
      stored.map(({ one, sealed }) => {
        const before = derivations;
        expect(ring.open(one, BINDING, isCopy ? { ...sealed } : sealed).toString()).toBe('x');
        return derivations - before;
      });
    expect([derivationsOf(false), derivationsOf(true)]).toEqual([
      [1, 1],
      [0, 0],
    ]);
    ring.forget({ projectId: 'p2', id: ref.id });
    expect(derivationsOf(false)).toEqual([0, 0]);
    ring.forget(ref);
    expect(derivationsOf(true)).toEqual([1, 0]);
    ring.forget(ref);
    expect(derivationsOf(false)).toEqual([1, 0]);
    const materials = createKeyMaterials({ installationId, kek });
    const opened = [key, other].map((one) => materials.open(one, one.versions[0]!));
    materials.forget(ref);
    expect([key, other].map((one, at) => materials.open(one, one.versions[0]!) === opened[at])).toEqual([
      false,
      true,
    ]);
  });

  it('are not moved by a caller who reuses its buffers', () => {
    const sealed = keyring.seal(key, BINDING, Buffer.from('x'));
    const wrappedKey = Buffer.from(sealed.wrappedKey);
    keyring.open(key, BINDING, { ...sealed, wrappedKey });
    wrappedKey.fill(0);
    expect(opens(key, BINDING, { ...sealed, wrappedKey })).toBe(false);
  });
});

describe('memory', () => {
  it('holds no key bytes after making, sealing and opening: every buffer is zeroed', () => {
    keyBytes.length = 0;
    const ring = createKeyring({ installationId, kek });
    const made = keyOf(ring, ref);
    ring.open(made, BINDING, ring.seal(made, BINDING, Buffer.from('x')));
    expect(keyBytes.length).toBeGreaterThan(6);
    for (const bytes of keyBytes) expect(bytes.every((byte) => byte === 0)).toBe(true);
  });

  it('gives sealed blobs memory of their own', () => {
    const { wrappedKey, body } = keyring.seal(key, BINDING, Buffer.from('x'));
    expect([wrappedKey.buffer.byteLength, body.buffer.byteLength]).toEqual([82, 67]);
  });
});

describe('failing', () => {
  it('shows nothing of the value', () => {
    const sealed = keyring.seal(key, BINDING, Buffer.from('marker-7f3a'));
    try {
      keyring.open(key, { ...BINDING, versionUid: 'u2' }, sealed);
      expect.fail('opened');
    } catch (error) {
      expect(error).toMatchObject({ code: 'damaged' });
      expect(String(error instanceof Error && error.stack)).not.toMatch(/marker|7f3a|[0-9a-f]{24}/);
    }
  });
});
