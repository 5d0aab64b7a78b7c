import { createHmac, hash, hkdfSync } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { createRequestKey } from '../../../src/auth/signatures/algorithms.ts';
import { parseAuthorization } from '../../../src/auth/signatures/authorization.ts';
import { parseSdkDate } from '../../../src/auth/signatures/sdk-date.ts';
import { verifySignature } from '../../../src/auth/signatures/signature.ts';
import {
  AK,
  authenticatorOf,
  directoryOf,
  refusalOf,
  type SigningVector,
  SK,
  VECTORS,
  vector,
  verify,
  wireRequest,
  withHeader,
} from '../fixtures.ts';

function dateOf(sent: SigningVector): number {
  const date = sent.headers.find(([name]) => name.toLowerCase() === 'x-sdk-date')?.[1];
  return parseSdkDate(date ?? '') ?? Number.NaN;
}

describe('vectors of real clients', () => {
  it('are 51', () => {
    expect(VECTORS).toHaveLength(51);
  });

  for (const sent of VECTORS.filter(({ id, mode }) => mode !== 'reject' && id !== 'P10')) {
    it(`accepts ${sent.id} in mode ${sent.mode}`, () => {
      expect(verify(sent)).toEqual({
        isAuthentic: true,
        mode: sent.mode,
        plus: 'literal',
        canonicalHash: sent.canonicalHash,
        date: sent.headers.find(([name]) => name.toLowerCase() === 'x-sdk-date')?.[1],
      });
    });

    // Their senders are authentic, and refused all the same: the project is missing, or the key is a permanent one.
    if (sent.mode === 'raw' || sent.headers.some(([name]) => name === 'X-Security-Token')) continue;
    it(`authenticates the sender of ${sent.id} at its own time`, () => {
      const authenticator = authenticatorOf(directoryOf(), { nowMs: () => dateOf(sent) });
      const caller = authenticator.authenticate(wireRequest(sent));
      expect(caller.userName).toBe(caller.accessKeyId === AK ? 'admin' : 'reader');
    });
  }

  it('refuses N5, whose signer escapes the apostrophe twice', () => {
    expect(verify(vector('N5')).isAuthentic).toBe(false);
  });

  it('refuses P10, SM2, as an unsupported algorithm', () => {
    const refusal = refusalOf(() => parseAuthorization(vector('P10').authorization));
    expect(refusal.code).toBe('credentials-unsupported');
    expect(refusal.message).toContain('SDK-SM2-SM3 is not supported');
  });
});

describe('cases derived from the vectors', () => {
  it.each(['N2', 'G2', 'T1', 'P2'])('refuses %s with one bit of the body flipped', (id) => {
    const sent = vector(id);
    for (const index of [0, 7, Buffer.from(sent.body).length - 1]) {
      const body = Buffer.from(sent.body);
      body.writeUInt8(body.readUInt8(index) ^ 1, index);
      expect(verify(sent, { body: body.toString('latin1') }).isAuthentic).toBe(false);
    }
  });

  it.each(['G2', 'T1'])('refuses %s without the newline at the end of its body', (id) => {
    const sent = vector(id);
    expect(sent.body.endsWith('\n')).toBe(true);
    expect(verify(sent, { body: sent.body.slice(0, -1) }).isAuthentic).toBe(false);
  });

  it.each([
    { id: 'N1', name: 'host', isAuthentic: false },
    { id: 'G1', name: 'host', isAuthentic: true },
    { id: 'N1', name: 'x-project-id', isAuthentic: false },
    { id: 'T1', name: 'x-project-id', isAuthentic: true },
    { id: 'N4', name: 'x-security-token', isAuthentic: false },
    { id: 'T1', name: 'x-security-token', isAuthentic: true },
  ])('$id with another $name verifies: $isAuthentic', ({ id, name, isAuthentic }) => {
    const sent = vector(id);
    expect(verify(sent, { headers: withHeader(sent, name, 'other') }).isAuthentic).toBe(isAuthentic);
  });

  it.each(['H2', 'N11'])('accepts %s with another body, under UNSIGNED-PAYLOAD', (id) => {
    expect(verify(vector(id), { body: 'anything' }).isAuthentic).toBe(true);
  });

  it.each(['H1', 'H2', 'H3', 'H4', 'N11'])('refuses %s when the operator refuses unsigned payloads', (id) => {
    const verdict = verify(vector(id), {}, 'refuse');
    expect(verdict).toEqual({
      isAuthentic: false,
      reason: 'verify aksk signature fail, UNSIGNED-PAYLOAD is refused',
    });
  });

  it('accepts signed bodies when the operator refuses unsigned payloads', () => {
    expect(verify(vector('N2'), {}, 'refuse').isAuthentic).toBe(true);
  });

  it('refuses all 256 one-bit changes of a signature', () => {
    const sent = vector('N1');
    const [head = '', hex = ''] = sent.authorization.split('Signature=');
    for (let bit = 0; bit < 256; bit += 1) {
      const bytes = Buffer.from(hex, 'hex');
      bytes.writeUInt8(bytes.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
      const authorization = `${head}Signature=${bytes.toString('hex')}`;
      expect(verify(sent, { authorization }).isAuthentic, `bit ${bit}`).toBe(false);
    }
  });

  it.each(['N1', 'P7', 'P8', 'P9'])('refuses the signature of %s under another key', (id) => {
    const sent = vector(id);
    const authorization = parseAuthorization(sent.authorization);
    if (authorization === undefined) throw new Error('not ours');
    const key = createRequestKey({ accessKeyId: AK, secretKey: 'another' });
    const verdict = verifySignature({
      request: wireRequest(sent),
      authorization,
      key,
      unsignedPayload: 'allow',
    });
    expect(verdict.isAuthentic).toBe(false);
  });
});

const mac = (key: string | Buffer, text: string) => createHmac('sha256', key).update(text).digest();

/** A request of 20260102 that was signed by hand under a key for this scope. */
function signedUnder(key: string | Buffer, algorithm: string, scope: string): SigningVector {
  const signedAt = '20260102T030405Z';
  const canonical = `GET\n/\n\nx-sdk-date:${signedAt}\n\nx-sdk-date\n${hash('sha256', '', 'hex')}`;
  const text = `${algorithm}\n${signedAt}\n${scope}\n${hash('sha256', canonical, 'hex')}`;
  const signature = mac(key, text).toString('hex');
  const authorization = `${algorithm} Credential=${AK}/${scope}, SignedHeaders=x-sdk-date, Signature=${signature}`;
  return { ...vector('N10'), headers: [['X-Sdk-Date', signedAt]], authorization };
}

describe('a V11 credential', () => {
  /** As the vendor's SDK cores do. */
  function signedWith(scope: string): SigningVector {
    const key = Buffer.from(hkdfSync('sha256', SK, AK, scope, 32)).toString('hex');
    return signedUnder(key, 'V11-HMAC-SHA256', scope);
  }

  it.each(['20260102/cn-north-4/csms', '20260102/globe/kms', '20260102/local-1/x'])(
    'of scope %s is accepted',
    (scope) => {
      expect(verify(signedWith(scope)).isAuthentic).toBe(true);
    },
  );

  it.each(['20260101/r/s', '20260103/r/s', '20250102/r/s'])(
    'of another day than the date is refused: %s',
    (scope) => {
      expect(verify(signedWith(scope))).toEqual({
        isAuthentic: false,
        reason: 'verify aksk signature fail, the date of Credential is not the date of X-Sdk-Date',
      });
    },
  );

  it.each([
    '',
    '20260102',
    '20260102/r',
    '20260102/r/s/t',
    '20260102//s',
    '2026010/r/s',
    `20260102/${'r'.repeat(65)}/s`,
    '20260102/r/s x',
  ])('of malformed scope is unsupported: %j', (scope) => {
    expect(refusalOf(() => verify(signedWith(scope))).code).toBe('credentials-unsupported');
  });
});

describe('the older form of SDK-HMAC-SHA256, with a scope', () => {
  /** As the vendor describes it: support.huaweicloud.com/intl/en-us/api-dis/dis_02_0508.html */
  function signedWith(scope: string, secret = SK): SigningVector {
    const key = scope.split('/').reduce<string | Buffer>(mac, `SDK${secret}`);
    return signedUnder(key, 'SDK-HMAC-SHA256', scope);
  }

  it.each([
    '20260102/cn-north-4/kms/sdk_request',
    '20260102///sdk_request',
    '20260102/r//sdk_request',
    '20260102//s/sdk_request',
  ])('of scope %s is accepted', (scope) => {
    expect(verify(signedWith(scope))).toMatchObject({ isAuthentic: true, mode: 'decode' });
    // The second time, its key is remembered.
    expect(verify(signedWith(scope)).isAuthentic).toBe(true);
  });

  it('covers the body, the query and every part of the scope', () => {
    const sent = signedWith('20260102/r/s/sdk_request');
    expect(verify(sent, { body: 'x' }).isAuthentic).toBe(false);
    expect(verify(sent, { target: '/?a' }).isAuthentic).toBe(false);
    expect(verify(sent, { method: 'POST' }).isAuthentic).toBe(false);
    const authorization = sent.authorization.replace('/r/s/', '/r/t/');
    expect(verify(sent, { authorization }).isAuthentic).toBe(false);
    expect(verify(signedWith('20260102/r/s/sdk_request', 'another')).isAuthentic).toBe(false);
  });

  it('is not the same as the form without a scope, nor as V11', () => {
    const sent = signedWith('20260102/r/s/sdk_request');
    const others = [
      sent.authorization.replace(/Credential=(\w+)\S*,/, 'Access=$1,'),
      sent.authorization.replace('SDK-HMAC-SHA256', 'V11-HMAC-SHA256').replace('/sdk_request', ''),
    ];
    for (const authorization of others) expect(verify(sent, { authorization }).isAuthentic).toBe(false);
  });

  it('of another day than the date is refused', () => {
    expect(verify(signedWith('20260101///sdk_request'))).toMatchObject({
      isAuthentic: false,
      reason: 'verify aksk signature fail, the date of Credential is not the date of X-Sdk-Date',
    });
  });

  it.each([
    '',
    '20260102',
    '20260102/r/s',
    '20260102/r/s/request',
    '20260102/r/s/t/sdk_request',
    '2026010/r/s/sdk_request',
    `20260102/${'r'.repeat(65)}/s/sdk_request`,
  ])('of malformed scope is unsupported: %j', (scope) => {
    const refusal = refusalOf(() => verify(signedWith(scope)));
    expect(refusal).toEqual({
      code: 'credentials-unsupported',
      message: 'Credential must be AK/YYYYMMDD/region/service/sdk_request',
    });
  });
});
