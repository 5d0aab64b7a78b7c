import { describe, expect, it } from 'vitest';
import { readToken } from '../../../src/auth/authenticator.ts';
import type { IdentityProvider } from '../../../src/auth/federation/providers.ts';
import { createDirectory, createDirectoryBuilder } from '../../../src/auth/identities/directory.ts';
import type { Directory, DirectoryContents } from '../../../src/auth/identities/identities.ts';
import { createPieceCollector, identityPieces } from '../../../src/auth/identities/pieces.ts';
import {
  ADMIN_ID,
  DOMAIN_ID,
  directoryOf,
  IDENTITIES,
  loginsOf,
  movableClock,
  OTHER_PROJECT_ID,
  PROJECT_ID,
  READER_ID,
  realmsOf,
  refusalOf,
  TOKEN_KEY,
  tokenFor,
} from '../fixtures.ts';

const RULE = {
  id: 'r1',
  claims: new Map([['sub', ['job']]]),
  target: { kind: 'user', userId: ADMIN_ID },
} as const;
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
    [
      'the rule is for another user',
      { ...PROVIDER, rules: [{ ...RULE, target: { kind: 'user', userId: READER_ID } as const }] },
    ],
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

describe('a rule for a group', () => {
  const target = (more: object = {}) =>
    ({ kind: 'group', groupId: 'g1', projectIds: undefined, ...more }) as const;
  const withGroup = (projectIds?: readonly string[]) => {
    const text = IDENTITIES.replace(
      '    users:',
      '    groups: [ { id: g1, name: jobs, policies: [admin] } ]\n    users:',
    );
    const { domains, policies, usersOf } = directoryOf(text);
    return createDirectory({
      domains: [...domains.values()],
      policies: [...policies.values()],
      users: [...usersOf(DOMAIN_ID)],
      accessKeys: [],
      providers: [{ ...PROVIDER, rules: [{ ...RULE, target: target({ projectIds }) }] }],
    });
  };

  it('makes a member that is nobody of the file, the same with every token of a subject', () => {
    const directory = withGroup();
    const member = directory.findFederated(FEDERATION);
    expect(member).toMatchObject({
      id: expect.stringMatching(/^[0-9a-f]{32}$/),
      name: 'ci/job é',
      domainName: 'acme',
      passwordHash: undefined,
      policies: [],
      groups: [{ name: 'jobs' }],
      projectIds: new Set([PROJECT_ID, OTHER_PROJECT_ID]),
    });
    expect(directory.findFederated(FEDERATION)).toBe(member);
    expect(withGroup([PROJECT_ID]).findFederated(FEDERATION)).toMatchObject({
      id: member?.id,
      projects: [{ id: PROJECT_ID }],
    });
    expect(directory.findFederated({ ...FEDERATION, subject: 'other' })?.id).not.toBe(member?.id);
    expect(directory.findUserById(member?.id ?? '')).toBeUndefined();
    expect(directory.findMember(member?.id ?? '')).toBeUndefined();
    expect(directory.findUser({ userName: 'ci/job é', domainId: DOMAIN_ID })).toBeUndefined();
  });

  it('stands for its member only, and for nobody once the group is gone', () => {
    const directory = withGroup();
    const userId = directory.findFederated(FEDERATION)?.id ?? '';
    expect(directory.findPrincipal({ userId, federation: FEDERATION })?.id).toBe(userId);
    expect(directory.findPrincipal({ userId })).toBeUndefined();
    expect(directory.findPrincipal({ userId: ADMIN_ID, federation: FEDERATION })).toBeUndefined();
    const gone = createDirectory({
      domains: [...directoryOf().domains.values()],
      policies: [],
      users: [],
      accessKeys: [],
      providers: [{ ...PROVIDER, rules: [{ ...RULE, target: target() }] }],
    });
    expect(gone.findPrincipal({ userId, federation: FEDERATION })).toBeUndefined();
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
