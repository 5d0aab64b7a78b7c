import { createHmac, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { exportJWK, type JWTHeaderParameters, type JWTPayload, SignJWT } from 'jose';

/** An OpenID Connect issuer, as the platforms have them. */
export interface Issuer {
  /** What its JWKS has: an RSA key `rsa-1` and an EC key `ec-1`. */
  readonly keySet: { readonly keys: readonly object[] };
  readonly rsa: KeyObject;
  /** An ID token of these claims, with RS256 and `rsa-1` unless the header says otherwise. */
  sign(claims: JWTPayload, header?: Partial<JWTHeaderParameters>, key?: KeyObject): Promise<string>;
}

/** Creates an issuer with keys of its own. */
export async function createIssuer(): Promise<Issuer> {
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2_048 });
  const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const keys = [
    { ...(await exportJWK(rsa.publicKey)), kid: 'rsa-1', use: 'sig', alg: 'RS256' },
    { ...(await exportJWK(ec.publicKey)), kid: 'ec-1', use: 'sig' },
  ];
  return {
    keySet: { keys },
    rsa: rsa.publicKey,
    sign: (claims, header = {}, key) =>
      new SignJWT(claims)
        .setProtectedHeader({ alg: 'RS256', kid: 'rsa-1', ...header })
        .sign(key ?? (header.alg?.startsWith('ES') ? ec.privateKey : rsa.privateKey)),
  };
}

/** A token put together by hand, as no library would: its parts as they are, and what signs them, if anything does. */
export function forge(header: object | string, claims: object | string, secret?: Buffer | string): string {
  const part = (value: object | string) =>
    Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');
  const signed = `${part(header)}.${part(claims)}`;
  const mac = secret === undefined ? '' : createHmac('sha256', secret).update(signed).digest('base64url');
  return `${signed}.${mac}`;
}

/** The claims of a service account's token, as Kubernetes issues it. */
export function kubernetesClaims(nowMs: number, more: JWTPayload = {}): JWTPayload {
  const now = Math.floor(nowMs / 1_000);
  return {
    aud: ['csms'],
    exp: now + 3_600,
    iat: now,
    iss: 'https://kubernetes.default.svc.cluster.local',
    jti: '7c1b6cc5-4c4f-4e4e-b9a6-0b5d3f5f0a11',
    'kubernetes.io': { namespace: 'shop', serviceaccount: { name: 'api', uid: 'b2a0' } },
    nbf: now,
    sub: 'system:serviceaccount:shop:api',
    ...more,
  };
}

/** The claims of a job's token, as GitHub Actions issues it. */
export function githubClaims(nowMs: number, more: JWTPayload = {}): JWTPayload {
  const now = Math.floor(nowMs / 1_000);
  return {
    iss: 'https://token.actions.githubusercontent.com',
    aud: 'csms',
    sub: 'repo:octo-org/shop:ref:refs/heads/main',
    repository: 'octo-org/shop',
    repository_owner: 'octo-org',
    ref: 'refs/heads/main',
    ref_protected: 'true',
    run_attempt: '1',
    workflow: 'deploy',
    iat: now,
    nbf: now - 300,
    exp: now + 300,
    ...more,
  };
}
