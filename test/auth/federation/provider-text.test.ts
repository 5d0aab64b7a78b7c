import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { parseAddressRules } from '../../../src/webhook/address-rules.ts';
import { DOMAIN_ID, PROJECT_ID } from '../fixtures.ts';
import { complaint, GOOD, parse } from '../identities-text.ts';

const RSA = generateKeyPairSync('rsa', { modulusLength: 2_048 });
const SHORT = generateKeyPairSync('rsa', { modulusLength: 1_024 });
const jwk = (pair: typeof RSA, more: object = {}) => ({
  ...pair.publicKey.export({ format: 'jwk' }),
  ...more,
});
const setOf = (...keys: object[]) => JSON.stringify({ keys });

/** GOOD with a provider, of which some lines are others. */
function withProvider(changes: Readonly<Record<string, string | undefined>> = {}, rules = RULES): string {
  const lines = {
    id: 'cluster',
    issuer: 'https://kubernetes.default.svc',
    audiences: '[csms]',
    jwks_file: 'jwks.json',
    ...changes,
  };
  const fields = Object.entries(lines).flatMap(([name, value]) =>
    value === undefined ? [] : `${name}: ${value}`,
  );
  const provider = `{ ${fields.join(', ')}, rules: ${rules} }`;
  const more = ['    groups: [ { id: g1, name: all } ]', `    identity_providers: [ ${provider} ]`];
  return GOOD.toSpliced(13, 0, ...more).join('\n');
}

const RULES = '[ { claims: { sub: "system:serviceaccount:shop:api" }, user: admin } ]';
const KEY = 'domains[0].identity_providers[0]';
const given = (text = setOf(jwk(RSA, { kid: 'a', x5c: ['?'] }))) => ({ readPublic: () => text });

describe('identity providers', () => {
  it('are read with what the defaults add, and keys are stripped to what verifies', () => {
    const [provider] = parse(withProvider(), given()).providers.values();
    expect(provider).toEqual({
      id: 'cluster',
      domainId: DOMAIN_ID,
      issuer: 'https://kubernetes.default.svc',
      audiences: ['csms'],
      algorithms: ['RS256', 'ES256'],
      keys: { kind: 'file', keys: [{ kid: 'a', ...jwk(RSA) }] },
      tokenValidityMs: 3_600_000,
      rules: [
        {
          id: expect.stringMatching(/^[\w-]{22}$/),
          claims: new Map([['sub', ['system:serviceaccount:shop:api']]]),
          target: { kind: 'user', userId: 'a'.repeat(32) },
        },
      ],
    });
  });

  it('have rules whose ids follow from everything that lets a token in, and from nothing else', () => {
    const idOf = (text: string) => parse(text, given()).providers.get('cluster')?.rules[0]?.id;
    const two = '[ { claims: { a: [x, y], b: z }, user: admin } ]';
    const first = idOf(withProvider({ audiences: '[a, b]' }, two));
    expect(
      idOf(
        withProvider(
          { audiences: '[b, a]', token_seconds: '900' },
          '[ { claims: { b: z, a: [y, x] }, user: admin } ]',
        ),
      ),
    ).toBe(first);
    for (const other of [
      withProvider({ audiences: '[a]' }, two),
      withProvider({ audiences: '[a, b]', issuer: 'https://other' }, two),
      withProvider({ audiences: '[a, b]' }, '[ { claims: { a: [x], b: z }, user: admin } ]'),
    ]) {
      expect(idOf(other)).not.toBe(first);
    }
  });

  it.each([
    [{ id: 'a b' }, '.id: must be 1 to 64 letters'],
    [{ issuer: undefined }, ': issuer is missing'],
    [{ audiences: '[]' }, '.audiences: must hold 1 to 16 entries'],
    [{ audiences: '[a, a]' }, '.audiences: must not hold an entry twice'],
    [{ algorithms: '[HS256]' }, '.algorithms: must hold only RS256'],
    [{ algorithms: '[none]' }, '.algorithms: must hold only RS256'],
    [{ algorithms: '[ES256]' }, '.jwks_file: leads to no key that can be used for ES256'],
    [{ token_seconds: '899' }, '.token_seconds: must be 900 to 86400'],
    [{ token_seconds: '86401' }, '.token_seconds: must be 900 to 86400'],
    [{ jwks_file: undefined }, ': takes one of jwks_file, jwks_uri'],
    [{ jwks_uri: 'https://a.example/' }, ': takes one of jwks_file, jwks_uri'],
    [{ ca_file: 'ca.pem' }, '.ca_file: goes with jwks_uri'],
    [{ jwks_file: undefined, jwks_uri: 'http://a.example/' }, '.jwks_uri: must be an https URL'],
    [
      { jwks_file: undefined, jwks_uri: 'https://b.example/' },
      '.jwks_uri: has a host or port that CSMS_WEBHOOK_HOSTS',
    ],
    [{ jwks_file: undefined, jwks_uri: 'https://u:p@a.example/' }, '.jwks_uri: must not hold credentials'],
    [
      { jwks_file: undefined, jwks_uri: 'https://a.example/', ca_file: 'a' },
      '.ca_file: leads to no certificate',
    ],
    [{ client_id: 'x' }, '.client_id: is not known here'],
  ])('%j is refused', (changes, words) => {
    const { refuseUrl } = parseAddressRules('a.example');
    expect(complaint(withProvider(changes), { ...given(), refuseUrl })).toMatch(
      new RegExp(`^identities\\.yaml:15: ${`${KEY}${words}`.replaceAll(/[.[\]]/g, '\\$&')}`),
    );
  });

  it.each([
    ['[]', '.rules: must hold 1 to 256 rules'],
    ['[ { claims: {}, user: admin } ]', '.rules[0].claims: must hold 1 to 16 claims'],
    ['[ { claims: { sub: [] }, user: admin } ]', '.rules[0].claims.sub: must hold 1 to 64 entries'],
    [
      '[ { claims: { sub: "" }, user: admin } ]',
      '.rules[0].claims.sub: must be 1 to 512 characters without control characters',
    ],
    ['[ { claims: { sub: a }, user: nobody } ]', '.rules[0].user: user nobody is not in this domain'],
    ['[ { claims: { sub: a } } ]', '.rules[0]: takes one of user, group'],
    ['[ { claims: { sub: a }, user: admin, group: all } ]', '.rules[0]: takes one of user, group'],
    ['[ { claims: { sub: a }, group: none } ]', '.rules[0].group: group none is not in this domain'],
    [
      '[ { claims: { sub: a }, group: all, projects: [x] } ]',
      '.rules[0].projects[0]: project x is not in this domain',
    ],
    [
      '[ { claims: { sub: a }, user: admin, projects: [local-1] } ]',
      '.rules[0].projects: goes with group: a user has projects of its own',
    ],
    ['[ { user: admin } ]', '.rules[0]: claims is missing'],
  ])('rules %s are refused', (rules, words) => {
    expect(complaint(withProvider({}, rules), given())).toBe(`identities.yaml:15: ${KEY}${words}`);
  });

  it.each([
    ['no JSON', 'must lead to a JSON Web Key Set'],
    ['[]', 'must lead to a JSON Web Key Set'],
    [
      setOf(...Array.from({ length: 101 }, () => jwk(RSA))),
      'must lead to a JSON Web Key Set of at most 100 keys',
    ],
    [setOf(), 'leads to no key that can be used'],
    [setOf(jwk(SHORT)), 'leads to no key that can be used'],
    [setOf(jwk(RSA, { use: 'enc' })), 'leads to no key that can be used'],
    [setOf(jwk(RSA, { alg: 'RS512' })), 'leads to no key that can be used'],
    [setOf(RSA.privateKey.export({ format: 'jwk' })), 'leads to a private or shared key'],
    [setOf(jwk(RSA), { kty: 'oct', k: 'c2VjcmV0' }), 'leads to a private or shared key'],
  ])('a key set of another kind is refused (%#)', (text, words) => {
    expect(complaint(withProvider(), given(text))).toContain(`${KEY}.jwks_file: ${words}`);
  });

  it('may let in the members of a group, in some of the projects', () => {
    const text = withProvider({}, '[ { claims: { sub: a }, group: all, projects: [local-1] } ]');
    const [rule] = parse(text, given()).providers.get('cluster')?.rules ?? [];
    expect(rule?.target).toEqual({ kind: 'group', groupId: 'g1', projectIds: [PROJECT_ID] });
  });

  it('keep the beginning of their members’ names to themselves', () => {
    const text = withProvider()
      .replace('name: admin', 'name: cluster/a')
      .replace('user: admin', 'user: cluster/a');
    expect(complaint(text, given())).toContain(`${KEY}.id: is what the name of user cluster/a begins with`);
  });

  it('share no id, not even between domains', () => {
    const [text] = [withProvider()];
    const other = text.replace(
      'policies:\n',
      `  - id: ${'9'.repeat(32)}\n    name: b\n    users: [ { id: z, name: admin } ]\n    identity_providers: [ { id: cluster, issuer: i, audiences: [a], jwks_file: k, rules: ${RULES} } ]\npolicies:\n`,
    );
    expect(complaint(other, given())).toContain('cluster is already in line 15 (identity provider)');
  });
});
