import { createHmac, createSecretKey, hash, type KeyObject } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createRevocations } from '../../src/app/identity/revocations.ts';
import type { Authenticator, Clock, RawRequest } from '../../src/app/ports/deps.ts';
import { createAuthenticator } from '../../src/auth/authenticator.ts';
import { parseIdentities } from '../../src/auth/identities/file.ts';
import type { Directory } from '../../src/auth/identities/identities.ts';
import type { SecretSources } from '../../src/auth/identities/sources.ts';
import { createPasswordChecker } from '../../src/auth/logins/password-checker.ts';
import type { Realms } from '../../src/auth/realm.ts';
import { createRequestKey } from '../../src/auth/signatures/algorithms.ts';
import { parseAuthorization } from '../../src/auth/signatures/authorization.ts';
import { type UnsignedPayload, type Verdict, verifySignature } from '../../src/auth/signatures/signature.ts';
import { createIam } from '../../src/auth/tokens/iam.ts';
import { credentialMark, issueToken, type TokenClaims } from '../../src/auth/tokens/token.ts';
import { SecretError } from '../../src/core/errors.ts';

/** One line of the signing vectors. @see test/vectors/README.md */
export interface SigningVector {
  readonly id: string;
  readonly method: string;
  readonly target: string;
  readonly headers: readonly (readonly [string, string])[];
  readonly body: string;
  readonly authorization: string;
  readonly mode: 'decode' | 'raw' | 'reject';
  readonly canonicalHash?: string;
}

/** All signing vectors, in file order. */
export const VECTORS: readonly SigningVector[] = readFileSync(
  new URL('../vectors/signing-vectors.jsonl', import.meta.url),
  'utf8',
)
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line) as SigningVector);

/** The secret keys of the vectors. */
export const SECRET_KEYS: Readonly<Record<string, string>> = {
  CSMSTESTAK0000000001: 'csmsTestSecretKey00000000000000000000001',
  AccessKey: 'SecretKey',
};
export const AK = 'CSMSTESTAK0000000001';
export const SK = 'csmsTestSecretKey00000000000000000000001';
export const PROJECT_ID = '0123456789abcdef0123456789abcdef';
export const OTHER_PROJECT_ID = 'fedcba9876543210fedcba9876543210';
export const DOMAIN_ID = '1'.repeat(32);
export const ADMIN_ID = 'a'.repeat(32);
export const READER_ID = 'b'.repeat(32);
/** 2026-01-02T03:04:05Z, the date of most vectors. */
export const NOW_MS = Date.UTC(2026, 0, 2, 3, 4, 5);
export const TOKEN_KEY: KeyObject = createSecretKey(Buffer.alloc(32, 7));
/** scrypt, ln 10, of `Passw0rd!`. */
export const PASSWORD = 'Passw0rd!';
export const PASSWORD_HASH =
  '$scrypt$ln=10,r=8,p=1$c29kaXVtY2hsb3JpZGU$p504cJj00Q0Psslfnye+b3+fWeqixEwbw+AJY/2A3Xk';

/** One world, with these identities and this clock. */
export function realmsOf(directory: () => Directory, clock: Clock): Realms {
  const main = { world: 'main', nonce: '', clock, revoked: createRevocations(), directory };
  return { main, all: () => [main], find: (world) => (world === 'main' ? main : undefined) };
}

/** The vector of that id. */
export function vector(id: string): SigningVector {
  const found = VECTORS.find((candidate) => candidate.id === id);
  if (found === undefined) throw new Error(`no vector ${id}`);
  return found;
}

/** The vector as a request on the wire; parts may be replaced. */
export function wireRequest(
  sent: SigningVector,
  changes: Partial<Pick<SigningVector, 'method' | 'target' | 'headers' | 'body' | 'authorization'>> = {},
): RawRequest {
  const { method, target, headers, body, authorization } = { ...sent, ...changes };
  const all = [...headers, ['Authorization', authorization] as const];
  return asRequest({ method, target, headers: all, body: Buffer.from(body) });
}

/** A request with Node's two views of its headers: the flat list, and the first of each name. */
export function asRequest(input: {
  readonly method: string;
  readonly target: string;
  readonly headers: readonly (readonly [string, string])[];
  readonly body: Buffer;
}): RawRequest {
  const headers: Record<string, string> = {};
  for (const [name, value] of input.headers) headers[name.toLowerCase()] ??= value;
  return {
    method: input.method,
    target: input.target,
    body: input.body,
    rawHeaders: input.headers.flat(),
    headers,
  };
}

/** What a request is signed from; written from the specification alone, beside the code under test. */
export interface Signable {
  readonly method: string;
  readonly canonicalUri: string;
  readonly canonicalQuery: string;
  /** Lower-case names and the signed values, in the order of SignedHeaders. */
  readonly signed: readonly (readonly [string, string])[];
  readonly payloadHash: string;
  readonly secretKey?: string;
  readonly accessKeyId?: string;
}

/** Signs by hand with SDK-HMAC-SHA256. */
export function authorizationOf(input: Signable): string {
  const names = input.signed.map(([name]) => name).join(';');
  const lines = input.signed.map(([name, value]) => `${name}:${value}\n`).join('');
  const canonical = [
    input.method,
    input.canonicalUri,
    input.canonicalQuery,
    lines,
    names,
    input.payloadHash,
  ].join('\n');
  const date = input.signed.find(([name]) => name === 'x-sdk-date')?.[1] ?? '';
  const signature = createHmac('sha256', input.secretKey ?? SK)
    .update(`SDK-HMAC-SHA256\n${date}\n${hash('sha256', Buffer.from(canonical, 'latin1'), 'hex')}`)
    .digest('hex');
  return `SDK-HMAC-SHA256 Access=${input.accessKeyId ?? AK}, SignedHeaders=${names}, Signature=${signature}`;
}

/** Two domains; the administrator reaches all projects of the first, the reader one. */
export const IDENTITIES = `
domains:
  - id: ${DOMAIN_ID}
    name: acme
    projects:
      - { id: ${PROJECT_ID}, name: local-1 }
      - { id: ${OTHER_PROJECT_ID}, name: local-2 }
    users:
      - id: ${ADMIN_ID}
        name: admin
        password: ${PASSWORD_HASH}
        access_keys:
          - { ak: ${AK}, sk: ${SK} }
        policies: [admin, CSMS ReadOnlyAccess]
      - id: ${READER_ID}
        name: reader
        access_keys:
          - { ak: AccessKey, sk: SecretKey }
        projects: [local-2]
  - { id: ${'2'.repeat(32)}, name: other, projects: [{ id: ${'3'.repeat(32)}, name: local-1 }] }
policies:
  - name: admin
    document: { "Version": "1.1", "Statement": [ { "Effect": "Allow", "Action": ["csms:*:*", "kms:*:*"] } ] }
`;

/** Sources that lead nowhere, unless told otherwise. */
export function sources(given: Partial<SecretSources> = {}): SecretSources {
  const absent = () => {
    throw Object.assign(new Error('absent'), { code: 'ENOENT' });
  };
  return {
    env: {},
    readFile: absent,
    readPublic: absent,
    ...given,
  };
}

/** The directory of IDENTITIES, or of another text. */
export function directoryOf(text: string = IDENTITIES): Directory {
  return parseIdentities({ file: 'identities.yaml', text, sources: sources() });
}

/** A clock that is moved by hand. */
export function movableClock(startMs: number = NOW_MS): { nowMs(): number; advance(ms: number): void } {
  let timeMs = startMs;
  return {
    nowMs: () => timeMs,
    advance: (ms) => {
      timeMs += ms;
    },
  };
}

/** What a call throws: code and message. */
export function refusalOf(call: () => unknown): { readonly code: string; readonly message: string } {
  try {
    call();
  } catch (error) {
    if (error instanceof SecretError) return { code: error.code, message: error.message };
    throw error;
  }
  return { code: 'accepted', message: '' };
}

/** What a promise is rejected with. */
export async function rejectionOf(call: Promise<unknown>): Promise<{ code: string; message: string }> {
  const [settled] = await Promise.allSettled([call]);
  return refusalOf(() => {
    if (settled.status === 'rejected') throw settled.reason;
  });
}

/** An authenticator over these identities. */
export function authenticatorOf(
  directory: Directory | (() => Directory) = directoryOf(),
  clock: Clock = movableClock(),
): Authenticator {
  const present = typeof directory === 'function' ? directory : () => directory;
  return createAuthenticator({
    realms: realmsOf(present, clock),
    machineClock: clock,
    tokenKey: TOKEN_KEY,
    unsignedPayload: 'allow',
  });
}

/** What an authenticator answers to a request: code and message. */
export function refusal(request: RawRequest, authenticator = authenticatorOf()) {
  return refusalOf(() => authenticator.authenticate(request));
}

/** The administrator's, for its project, good for a day from NOW_MS. */
export const CLAIMS: Omit<TokenClaims, 'id'> = {
  world: 'main',
  method: 'password',
  userId: ADMIN_ID,
  domainId: DOMAIN_ID,
  projectId: PROJECT_ID,
  scope: 'project',
  issuedAtMs: NOW_MS,
  expiresAtMs: NOW_MS + 24 * 3_600_000,
  credentialMark: credentialMark(TOKEN_KEY, { id: ADMIN_ID, passwordHash: PASSWORD_HASH }, { nonce: '' }),
  federation: undefined,
};

/** A token of these claims, or with changes. */
export function tokenFor(claims: Partial<TokenClaims> = {}): string {
  return issueToken(TOKEN_KEY, { ...CLAIMS, ...claims });
}

/** Verifies a request as it was signed, or with changes. */
export function verify(
  sent: SigningVector,
  changes: Parameters<typeof wireRequest>[1] = {},
  unsignedPayload: UnsignedPayload = 'allow',
): Verdict {
  const authorization = parseAuthorization(changes.authorization ?? sent.authorization);
  if (authorization === undefined) throw new Error('not ours');
  const { accessKeyId } = authorization;
  const key = createRequestKey({ accessKeyId, secretKey: SECRET_KEYS[accessKeyId] ?? '' });
  return verifySignature({ request: wireRequest(sent, changes), authorization, key, unsignedPayload });
}

/** The headers of a request with another value for one. */
export function withHeader(sent: SigningVector, name: string, value: string): SigningVector['headers'] {
  return sent.headers.map((header) => (header[0].toLowerCase() === name ? [header[0], value] : header));
}

export const BASE_URL = 'http://127.0.0.1:4280';
/** The administrator as a login names it. */
export const USER = { name: 'admin', password: PASSWORD, domain: { name: 'acme' } };

/** The body of a login by password. */
export function bodyOf(user: unknown, scope?: unknown) {
  const identity = { methods: ['password'], password: { user } };
  return { auth: { identity, ...(scope === undefined ? {} : { scope }) } };
}

/** The logins of these identities, at this clock. */
export function loginsOf(directory: () => Directory, clock: Clock) {
  const costs = () => directory().passwordCosts;
  const iam = createIam({
    realms: realmsOf(directory, clock),
    tokenKey: TOKEN_KEY,
    passwords: createPasswordChecker({ clock, costs, wait: async () => undefined }),
    region: 'local-1',
    tokenLifetimeMs: 24 * 3_600_000,
  });
  const login = (body: unknown, address = '10.0.0.1') =>
    iam.createTokenFor({ body, address, baseUrl: BASE_URL, noCatalog: false });
  return { iam, login };
}
