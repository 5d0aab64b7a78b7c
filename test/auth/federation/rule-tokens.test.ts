import { describe, expect, it } from 'vitest';
import { readToken } from '../../../src/auth/authenticator.ts';
import type { IdentityProvider } from '../../../src/auth/federation/providers.ts';
import { createDirectoryBuilder } from '../../../src/auth/identities/directory.ts';
import type { Directory, DirectoryContents } from '../../../src/auth/identities/identities.ts';
import { createPieceCollector, identityPieces } from '../../../src/auth/identities/pieces.ts';
import {
  ADMIN_ID,
  DOMAIN_ID,
  directoryOf,
  loginsOf,
  movableClock,
  PROJECT_ID,
  realmsOf,
  refusalOf,
  TOKEN_KEY,
  tokenFor,
} from '../fixtures.ts';

const RULE = { id: 'r1', claims: new Map([['sub', ['job']]]), userId: ADMIN_ID };
const PROVIDER: IdentityProvider = {
  id: 'ci',
  domainId: DOMAIN_ID,
  issuer: 'https://ci.example',
  audiences: ['csms'],
  algorithms: ['RS256'],
  keys: { kind: 'file', keys: [] },
  tokenValidityMs: 3_600_000,
  rules: [RULE],
};
const FEDERATION = { providerId: 'ci', ruleId: 'r1', subject: 'job é' };
const TOKEN = tokenFor({ method: 'mapped', federation: FEDERATION });

function directoryWith(provider: IdentityProvider | undefined): Directory {
  const { domains } = directoryOf();
  const builder = createDirectoryBuilder();
  for (const domain of domains.values()) {
    builder.addDomain(domain);
    for (const user of directoryOf().usersOf(domain.id)) builder.addUser(user);
  }
  if (provider !== undefined) builder.addProvider(provider);
  return builder.build();
}

const read = (provider: IdentityProvider | undefined, token = TOKEN) =>
  readToken({ realms: realmsOf(() => directoryWith(provider), movableClock()), tokenKey: TOKEN_KEY }, token);

describe('a token that a rule has let in', () => {
  it('is valid, and says where it comes from', () => {
    expect(read(PROVIDER).claims.federation).toEqual(FEDERATION);
    expect(read(PROVIDER).user.name).toBe('admin');
  });

  it.each([
    ['the provider is gone', undefined],
    ['the rule is gone', { ...PROVIDER, rules: [] }],
    ['the rule has another text', { ...PROVIDER, rules: [{ ...RULE, id: 'r2' }] }],
    ['the rule is for another user', { ...PROVIDER, rules: [{ ...RULE, userId: 'b'.repeat(32) }] }],
  ])('is void when %s', (_, provider) => {
    expect(refusalOf(() => read(provider))).toEqual({
      code: 'unauthenticated',
      message: 'decrypt token fail',
    });
  });

  it('stays bound to it when it is exchanged', async () => {
    const { login } = loginsOf(() => directoryWith(PROVIDER), movableClock());
    const identity = { methods: ['token'], token: { id: TOKEN } };
    const { token } = await login({ auth: { identity, scope: { project: { id: PROJECT_ID } } } });
    expect(read(PROVIDER, token).claims).toMatchObject({ method: 'token', federation: FEDERATION });
    expect(refusalOf(() => read(undefined, token)).code).toBe('unauthenticated');
  });
});

describe('providers between threads', () => {
  it('arrive as they were', () => {
    const contents: DirectoryContents = {
      domains: [],
      users: [],
      accessKeys: [],
      policies: [],
      providers: [PROVIDER],
      usesPolicies: true,
    };
    const collector = createPieceCollector();
    for (const piece of identityPieces(contents)) collector.add(structuredClone(piece));
    expect(collector.build().providers.get('ci')).toEqual(PROVIDER);
  });
});
