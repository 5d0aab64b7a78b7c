import { randomBytes, randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { createXaesKey, sealXaes } from '../../src/crypto/aead.ts';
import { type CanaryRecord, checkCanary, createCanary } from '../../src/crypto/canary.ts';
import { encodeContext, formatHeader } from '../../src/crypto/envelope.ts';
import { createRootKey, type RootKey } from '../../src/crypto/root-key.ts';
import { variants } from './sealing.ts';

const installationId = randomUUID();
const rootKey = createRootKey(randomBytes(32));

function aRecord(of: RootKey = rootKey, changes: Partial<CanaryRecord> = {}): CanaryRecord {
  const sealed = createCanary(of, installationId);
  return { rootKeyId: of.id, fingerprint: of.fingerprint, sealed, ...changes };
}

describe('canary', () => {
  it('says ok for the root key that it was made with', () => {
    expect(checkCanary(rootKey, installationId, aRecord())).toEqual({ kind: 'ok', isSigned: true });
  });

  it('says ok for one from before records were signed, and distinguishes the two', () => {
    const sealed = sealXaes(createXaesKey(rootKey.derive('check')), {
      header: formatHeader('CSN'),
      context: encodeContext('canary', [installationId]),
      plaintext: Buffer.from('csms canary 1'),
    });
    expect(checkCanary(rootKey, installationId, aRecord(rootKey, { sealed }))).toEqual({
      kind: 'ok',
      isSigned: false,
    });
  });

  it('names both fingerprints for another root key', () => {
    const other = createRootKey(randomBytes(32));
    expect(checkCanary(other, installationId, aRecord())).toEqual({
      kind: 'wrong-root-key',
      expected: rootKey.fingerprint,
      given: other.fingerprint,
    });
  });

  it('says damaged for every changed bit and every other length', () => {
    const record = aRecord();
    for (const sealed of variants(record.sealed))
      expect(checkCanary(rootKey, installationId, { ...record, sealed })).toEqual({ kind: 'damaged' });
  });

  it('says damaged in another installation with the same root key', () => {
    expect(checkCanary(rootKey, randomUUID(), aRecord())).toEqual({ kind: 'damaged' });
  });

  it('says damaged when a record was relabelled with our fingerprint', () => {
    const other = createRootKey(randomBytes(32));
    const { id: rootKeyId, fingerprint } = rootKey;
    expect(checkCanary(rootKey, installationId, aRecord(other, { rootKeyId, fingerprint }))).toEqual({
      kind: 'damaged',
    });
  });

  it('says damaged when only the id differs', () => {
    expect(checkCanary(rootKey, installationId, aRecord(rootKey, { rootKeyId: '0'.repeat(32) }))).toEqual({
      kind: 'damaged',
    });
  });
});
