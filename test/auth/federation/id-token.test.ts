import { createSecretKey, generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { findRule, verifyIdToken } from '../../../src/auth/federation/id-token.ts';
import { readKeySet } from '../../../src/auth/federation/key-set.ts';
import type { KeySets } from '../../../src/auth/federation/key-sets.ts';
import type { IdentityProvider } from '../../../src/auth/federation/providers.ts';
import { createIssuer, forge, githubClaims, kubernetesClaims } from '../../support/issuer.ts';
import { ADMIN_ID, DOMAIN_ID, NOW_MS } from '../fixtures.ts';

const issuer = await createIssuer();
const stranger = await createIssuer();
const keys = readKeySet(JSON.stringify(issuer.keySet))?.keys ?? [];
const PROVIDER: IdentityProvider = {
  id: 'cluster',
  domainId: DOMAIN_ID,
  issuer: 'https://kubernetes.default.svc.cluster.local',
  audiences: ['csms', 'https://csms.example'],
  algorithms: ['RS256', 'ES256'],
  keys: { kind: 'file', keys },
  tokenValidityMs: 3_600_000,
  rules: [],
};
const NOW = NOW_MS / 1_000;
const FILE: KeySets = { present: async () => keys, later: async () => undefined };
const good = (more: Record<string, unknown> = {}) => kubernetesClaims(NOW_MS, more);

async function outcome(token: string, provider = PROVIDER, keySets = FILE): Promise<string> {
  try {
    const { subject } = await verifyIdToken(token, provider, { keySets, nowMs: NOW_MS + 900 });
    return `accepted ${subject}`;
  } catch (error) {
    return (error as Error).message;
  }
}
const claimsOutcome = async (more: Record<string, unknown>) => outcome(await issuer.sign(good(more)));

describe('an ID token', () => {
  it('of a service account is accepted, with either kind of key', async () => {
    const accepted = 'accepted system:serviceaccount:shop:api';
    expect(await outcome(await issuer.sign(good()))).toBe(accepted);
    expect(await outcome(await issuer.sign(good(), { alg: 'ES256', kid: 'ec-1' }))).toBe(accepted);
    expect(await outcome(await issuer.sign(good(), { typ: 'JWT' }))).toBe(accepted);
  });

  it('of a CI job is accepted by its own issuer, and by no other', async () => {
    const token = await issuer.sign(githubClaims(NOW_MS), { typ: 'JWT' });
    const provider = { ...PROVIDER, issuer: 'https://token.actions.githubusercontent.com' };
    expect(await outcome(token, provider)).toBe('accepted repo:octo-org/shop:ref:refs/heads/main');
    expect(await outcome(token)).toBe('unexpected "iss" claim value');
  });

  it.each([
    ['for 59 s over', { exp: NOW - 59 }],
    ['for 60 s to come', { nbf: NOW + 60, iat: NOW + 60 }],
    ['without the times that it may lack', { nbf: undefined, iat: undefined }],
    ['for one of several audiences', { aud: ['other', 'https://csms.example'] }],
    ['for one audience alone', { aud: 'csms' }],
  ])('is accepted %s', async (_, more) => {
    expect(await claimsOutcome(more)).toMatch(/^accepted/);
  });

  it.each([
    ['for 60 s over', { exp: NOW - 60 }, '"exp" claim timestamp check failed'],
    ['for 61 s over', { exp: NOW - 61 }, '"exp" claim timestamp check failed'],
    ['for ever', { exp: undefined }, 'missing required "exp" claim'],
    ['until a text', { exp: '9999999999' }, '"exp" claim must be a number'],
    ['from 61 s on', { nbf: NOW + 61 }, '"nbf" claim timestamp check failed'],
    ['issued 61 s from now', { iat: NOW + 61 }, 'it was issued in the future'],
    ['of another issuer', { iss: `${PROVIDER.issuer}/` }, 'unexpected "iss" claim value'],
    ['of several issuers', { iss: [PROVIDER.issuer] }, 'unexpected "iss" claim value'],
    ['of no issuer', { iss: undefined }, 'missing required "iss" claim'],
    ['for others', { aud: ['csm', 'csms '] }, 'unexpected "aud" claim value'],
    ['for an audience in a list in a list', { aud: [['csms']] }, 'unexpected "aud" claim value'],
    ['for an audience in an object', { aud: { 0: 'csms', length: 1 } }, 'unexpected "aud" claim value'],
    ['for nobody', { aud: [] }, 'unexpected "aud" claim value'],
    ['without an audience', { aud: undefined }, 'missing required "aud" claim'],
    ['without a subject', { sub: undefined }, 'missing required "sub" claim'],
    ['with an empty subject', { sub: '' }, 'its subject is no name'],
    ['with a subject on two lines', { sub: 'a\nb' }, 'its subject is no name'],
    ['with a subject that is no text', { sub: ['system:serviceaccount:shop:api'] }, 'its subject is no name'],
    ['with a subject of 513 characters', { sub: 'a'.repeat(513) }, 'its subject is no name'],
  ])('is refused %s', async (_, more, reason) => {
    expect(await claimsOutcome(more)).toBe(reason);
  });

  it('is refused when somebody else has signed it', async () => {
    expect(await outcome(await stranger.sign(good()))).toBe('signature verification failed');
    const [head, , signature] = (await issuer.sign(good())).split('.');
    const [, body] = forge({}, good({ sub: 'system:serviceaccount:shop:root' })).split('.');
    expect(await outcome(`${head}.${body}.${signature}`)).toBe('signature verification failed');
  });

  it.each(['none', 'None', 'NONE', '', 'HS256', 'RS512', 'PS256', 'EdDSA', 'dir', 'toString'])(
    'is refused with the algorithm %j, which the provider does not have',
    async (alg) => {
      expect(await outcome(forge({ alg, kid: 'rsa-1' }, good()))).toMatch(/"alg" \(Algorithm\)|alg/i);
    },
  );

  it('is refused when the public key has served as the secret of both sides', async () => {
    const pem = issuer.rsa.export({ type: 'spki', format: 'pem' });
    for (const secret of [
      pem,
      Buffer.from(JSON.stringify(keys[0])),
      Buffer.from(String(keys[0]?.n), 'base64url'),
    ]) {
      const token = forge({ alg: 'HS256', kid: 'rsa-1', typ: 'JWT' }, good(), secret);
      expect(await outcome(token)).toBe('"alg" (Algorithm) Header Parameter value not allowed');
    }
    const hmac = await issuer.sign(good(), { alg: 'HS256' }, createSecretKey(Buffer.alloc(32)));
    expect(await outcome(hmac, { ...PROVIDER, algorithms: ['RS256'] })).toContain('not allowed');
  });

  it('brings no key of its own, nor the address of one', async () => {
    const own = generateKeyPairSync('rsa', { modulusLength: 2_048 });
    const header = {
      jwk: own.publicKey.export({ format: 'jwk' }),
      jku: 'https://attacker.example/jwks.json',
      x5u: 'https://attacker.example/cert.pem',
      x5c: ['MIIB'],
    };
    const sign = (more: object) => issuer.sign(good(), { ...header, ...more } as never, own.privateKey);
    expect(await outcome(await sign({ kid: 'rsa-1' }))).toBe('signature verification failed');
    expect(await outcome(await sign({ kid: 'own' }))).toContain('no applicable key');
    // The right key with the same header is the right key.
    expect(await outcome(await issuer.sign(good(), header as never))).toMatch(/^accepted/);
  });

  it.each(['../../dev/null', '/etc/passwd', "rsa-1' OR '1'='1", 'rsa-1\u0000', '__proto__', '', 'RSA-1'])(
    'names no key by the kid %j',
    async (kid) => {
      expect(await outcome(await issuer.sign(good(), { kid }))).toContain('no applicable key');
    },
  );

  it('without a kid is accepted where only one key fits it', async () => {
    const token = await issuer.sign(good(), { kid: undefined as never });
    expect(await outcome(token)).toMatch(/^accepted/);
    const twice = [...keys, { ...keys[0], kid: 'rsa-2' }];
    const keySets = { ...FILE, present: async () => twice };
    expect(await outcome(token, PROVIDER, keySets)).toContain('multiple matching keys');
  });

  it.each(['at+jwt', 'logout+jwt', 'application/secevent+jwt', 'JOSE'])(
    'is no token of type %s',
    async (typ) => {
      expect(await outcome(await issuer.sign(good(), { typ }))).toBe('it is another kind of token');
    },
  );

  it('is refused with a header that has to be understood', async () => {
    const token = forge({ alg: 'RS256', kid: 'rsa-1', crit: ['b64'], b64: false }, good(), 'x');
    expect(await outcome(token)).not.toMatch(/^accepted/);
  });

  it.each([
    ['nothing', ''],
    ['one part', 'a'],
    ['two parts', 'a.b'],
    ['four parts', 'a.b.c.d'],
    ['an encrypted token', 'a.b.c.d.e'],
    ['no JSON', forge('{', '{')],
    ['a header that is a list', forge('[]', good())],
    ['a deeply nested header', forge(`${'{"a":'.repeat(2_000)}1${'}'.repeat(2_000)}`, '{}')],
    ['a deeply nested list', forge({ alg: 'RS256', kid: 'rsa-1' }, '['.repeat(6_000))],
    ['other characters', 'é.é.é'],
  ])('is refused as %s', async (_, token) => {
    expect(await outcome(token)).not.toMatch(/^accepted|Maximum call stack/);
  });

  it('counts the last of two claims of a name, as for the rules', async () => {
    const key = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const text = JSON.stringify(good()).replace('"sub":', '"sub":"first","sub":');
    const { CompactSign } = await import('jose');
    const token = await new CompactSign(Buffer.from(text))
      .setProtectedHeader({ alg: 'ES256' })
      .sign(key.privateKey);
    const present = async () => [key.publicKey.export({ format: 'jwk' }) as never];
    expect(await outcome(token, PROVIDER, { ...FILE, present })).toBe(
      'accepted system:serviceaccount:shop:api',
    );
  });

  it('waits for nothing when the keys cannot be had, and that is not its fault', async () => {
    const absent: KeySets = { present: async () => undefined, later: async () => undefined };
    const call = verifyIdToken('x', PROVIDER, { keySets: absent, nowMs: NOW_MS });
    await expect(call).rejects.toMatchObject({ isOfIssuer: true });
  });

  it('is verified with later keys where its own is not among the present ones', async () => {
    const rotated: KeySets = { present: async () => keys.slice(1), later: async () => keys };
    expect(await outcome(await issuer.sign(good()), PROVIDER, rotated)).toMatch(/^accepted/);
    expect(await outcome(await stranger.sign(good()), PROVIDER, rotated)).toBe(
      'signature verification failed',
    );
  });
});

describe('rules', () => {
  const rule = (id: string, claims: Record<string, string[]>) => ({
    id,
    claims: new Map(Object.entries(claims)),
    target: { kind: 'user', userId: ADMIN_ID } as const,
  });
  const RULES = [
    rule('both', { repository: ['octo-org/shop'], ref: ['refs/heads/main', 'refs/heads/next'] }),
    rule('listed', { groups: ['auditors'] }),
    rule('flag', { email_verified: ['true'], level: ['3'] }),
  ];
  const found = (claims: Record<string, unknown>) => findRule(RULES, claims)?.id;

  it('fit when every claim has one of the values', () => {
    expect(found(githubClaims(NOW_MS))).toBe('both');
    expect(found(githubClaims(NOW_MS, { ref: 'refs/heads/next' }))).toBe('both');
    expect(found(githubClaims(NOW_MS, { ref: 'refs/pull/1/merge' }))).toBeUndefined();
    expect(found({ repository: 'octo-org/shop' })).toBeUndefined();
    expect(found({ groups: ['staff', 'auditors'] })).toBe('listed');
    expect(found({ email_verified: true, level: 3 })).toBe('flag');
    expect(found({})).toBeUndefined();
  });

  it.each([
    [{ groups: { 0: 'auditors' } }],
    [{ groups: [['auditors', 'x']].map((list) => [list]) }],
    [{ groups: 'auditors,staff' }],
    [{ groups: 'Auditors' }],
    [{ groups: null }],
    [{ email_verified: ['true'], level: 3.5 }],
  ])('do not fit %j', (claims) => {
    expect(found(claims)).toBeUndefined();
  });

  it('look at own claims only', () => {
    expect(findRule([rule('r', { toString: ['x'] })], {})).toBeUndefined();
    expect(findRule([rule('r', { constructor: ['x'] })], JSON.parse('{"constructor":"x"}'))?.id).toBe('r');
  });
});
