import { hash, X509Certificate } from 'node:crypto';
import {
  entriesOf,
  fieldsOf,
  isList,
  printable,
  problemAt,
  requiredField,
  type TextRule,
  textOf,
  type YamlNode,
} from '../../yaml/yaml-node.ts';
import { pathOf, readFileAt } from '../identities/identities-reading.ts';
import type { SecretSources } from '../identities/sources.ts';
import { hasKeyFor, KEY_SET_LIMITS, readKeySet } from './key-set.ts';
import {
  type IdentityProvider,
  type KeySource,
  type MappingRule,
  namePrefix,
  type RuleTarget,
  TOKEN_ALGORITHMS,
  type TokenAlgorithm,
} from './providers.ts';

/** What reading the providers of a domain takes. */
export interface ProviderReading {
  readonly domainId: string;
  readonly sources: SecretSources;
  /** A text that must be unique among those of its kind in the whole file. Throws FileError. */
  distinct(kind: string, node: YamlNode, rule: TextRule): string;
  /** What the domain has by these names: users, groups and projects, each with its id. */
  readonly ids: Readonly<Record<'user' | 'group' | 'project', ReadonlyMap<string, string>>>;
}

const PROVIDER_ID: TextRule = { pattern: /^[A-Za-z0-9_-]{1,64}$/, rule: '1 to 64 letters, digits, _ or -' };
/** Compared as it is, so nothing is made of it; Kubernetes has issuers that are no URLs of a host that exists. */
const ISSUER: TextRule = { pattern: /^[\x21-\x7e]{1,512}$/, rule: '1 to 512 printable characters' };
const VALUE: TextRule = {
  pattern: /^[^\p{Cc}]{1,512}$/u,
  rule: '1 to 512 characters without control characters',
};
const URI: TextRule = { pattern: /^https:\/\/[\x21-\x7e]{1,2000}$/, rule: 'an https URL' };
const NAME: TextRule = { pattern: /^[^\p{Cc}]{1,128}$/u, rule: '1 to 128 characters' };
const SECONDS: TextRule = { pattern: /^\d{1,6}$/, rule: 'a number of seconds' };
const LIMITS = Object.freeze({ providers: 32, audiences: 16, rules: 256, claims: 16, values: 64 });
/** Lifetime of the tokens that are issued for ID tokens. */
const TOKEN_SECONDS = Object.freeze({ min: 900, max: 86_400, otherwise: 3_600 });
const DEFAULT_ALGORITHMS: readonly TokenAlgorithm[] = ['RS256', 'ES256'];
const FIELDS = [
  'id',
  'issuer',
  'audiences',
  'algorithms',
  'jwks_file',
  'jwks_uri',
  'ca_file',
  'token_seconds',
  'rules',
];

/**
 * Reads `identity_providers` of a domain; the key sets and certificates that they name too. Throws FileError.
 * @see docs/adr/0076-workload-identity.md
 */
export function readProviders(
  list: YamlNode | undefined,
  reading: ProviderReading,
): readonly IdentityProvider[] {
  const nodes = entriesOf(list);
  if (list !== undefined && nodes.length > LIMITS.providers)
    throw problemAt(list, `must hold at most ${LIMITS.providers} providers`);
  return nodes.map((node) => readProvider(node, reading));
}

function readProvider(node: YamlNode, reading: ProviderReading): IdentityProvider {
  const fields = fieldsOf(node, FIELDS);
  const at = requiredField(node, fields, 'id');
  const id = reading.distinct('identity provider', at, PROVIDER_ID);
  for (const name of reading.ids.user.keys()) {
    if (name.startsWith(namePrefix(id)))
      throw problemAt(at, `is what the name of user ${printable(name)} begins with`);
  }
  const issuer = textOf(requiredField(node, fields, 'issuer'), ISSUER);
  const audiences = textsOf(requiredField(node, fields, 'audiences'), LIMITS.audiences);
  const algorithms = readAlgorithms(fields.get('algorithms'));
  const keys = readKeys(node, fields, { reading, algorithms });
  const list = requiredField(node, fields, 'rules');
  const bound = JSON.stringify([reading.domainId, id, issuer, [...audiences].sort()]);
  const rules = entriesOf(list).map((rule) => readRule(rule, reading, bound));
  if (rules.length === 0 || rules.length > LIMITS.rules)
    throw problemAt(list, `must hold 1 to ${LIMITS.rules} rules`);
  const tokenValidityMs = readSeconds(fields.get('token_seconds')) * 1_000;
  const { domainId } = reading;
  return Object.freeze({ id, domainId, issuer, audiences, algorithms, keys, tokenValidityMs, rules });
}

function readAlgorithms(node: YamlNode | undefined): readonly TokenAlgorithm[] {
  if (node === undefined) return DEFAULT_ALGORITHMS;
  return textsOf(node, TOKEN_ALGORITHMS.length).map((name) => {
    const known = TOKEN_ALGORITHMS.find((algorithm) => algorithm === name);
    if (known === undefined) throw problemAt(node, `must hold only ${TOKEN_ALGORITHMS.join(', ')}`);
    return known;
  });
}

function readSeconds(node: YamlNode | undefined): number {
  if (node === undefined) return TOKEN_SECONDS.otherwise;
  const seconds = Number(textOf(node, SECONDS));
  if (seconds >= TOKEN_SECONDS.min && seconds <= TOKEN_SECONDS.max) return seconds;
  throw problemAt(node, `must be ${TOKEN_SECONDS.min} to ${TOKEN_SECONDS.max}`);
}

function readKeys(
  node: YamlNode,
  fields: ReadonlyMap<string, YamlNode>,
  {
    reading,
    algorithms,
  }: { readonly reading: ProviderReading; readonly algorithms: readonly TokenAlgorithm[] },
): KeySource {
  const [file, uri, ca] = ['jwks_file', 'jwks_uri', 'ca_file'].map((name) => fields.get(name));
  if ((file === undefined) === (uri === undefined)) throw problemAt(node, 'takes one of jwks_file, jwks_uri');
  if (file !== undefined) {
    if (ca !== undefined) throw problemAt(ca, 'goes with jwks_uri');
    const set = readKeySet(readPublicText(file, reading));
    if (set === undefined)
      throw problemAt(file, `must lead to a JSON Web Key Set of at most ${KEY_SET_LIMITS.keys} keys`);
    if (set.hasPrivateKey)
      throw problemAt(file, 'leads to a private or shared key: it must hold public keys only');
    if (!hasKeyFor(set.keys, algorithms))
      throw problemAt(file, `leads to no key that can be used for ${algorithms.join(', ')}`);
    return { kind: 'file', keys: set.keys };
  }
  const at = requiredField(node, fields, 'jwks_uri');
  const url = URL.parse(textOf(at, URI));
  if (url === null) throw problemAt(at, `must be ${URI.rule}`);
  const refusal = reading.sources.refuseUrl?.(url);
  if (refusal !== undefined) throw problemAt(at, refusal);
  return { kind: 'uri', uri: url.href, authorities: ca && readAuthorities(ca, reading) };
}

function readAuthorities(node: YamlNode, reading: ProviderReading): string {
  const pem = readPublicText(node, reading);
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  try {
    for (const block of blocks) new X509Certificate(block);
    if (blocks.length > 0) return blocks.join('\n');
  } catch {
    throw problemAt(node, 'leads to a certificate that cannot be read');
  }
  throw problemAt(node, 'leads to no certificate in PEM form');
}

function readPublicText(node: YamlNode, { sources }: ProviderReading): string {
  const path = pathOf(node);
  return readFileAt(node, () => sources.readPublic(path));
}

/** `bound`: what the rule's provider demands; with it the rule's id follows from everything that lets a token in. */
function readRule(node: YamlNode, reading: ProviderReading, bound: string): MappingRule {
  const fields = fieldsOf(node, ['claims', 'user', 'group', 'projects']);
  const at = requiredField(node, fields, 'claims');
  const claims = [...fieldsOf(at)].map(([name, value]): [string, readonly string[]] => [
    name,
    isList(value) ? textsOf(value, LIMITS.values) : [textOf(value, VALUE)],
  ]);
  if (claims.length === 0 || claims.length > LIMITS.claims)
    throw problemAt(at, `must hold 1 to ${LIMITS.claims} claims`);
  const target = readTarget(node, fields, reading);
  const sorted = claims
    .map(([claim, values]) => [claim, [...values].sort()] as const)
    .sort(([one], [other]) => (one < other ? -1 : 1));
  const id = hash('sha256', `${bound}${JSON.stringify([sorted, target])}`, 'base64url').slice(0, 22);
  return Object.freeze({ id, claims: new Map(claims), target });
}

function readTarget(
  node: YamlNode,
  fields: ReadonlyMap<string, YamlNode>,
  { ids }: ProviderReading,
): RuleTarget {
  const [user, group, projects] = ['user', 'group', 'projects'].map((name) => fields.get(name));
  if ((user === undefined) === (group === undefined)) throw problemAt(node, 'takes one of user, group');
  if (user !== undefined && projects !== undefined)
    throw problemAt(projects, 'goes with group: a user has projects of its own');
  const find = (noun: keyof typeof ids, at: YamlNode): string => {
    const name = textOf(at, NAME);
    const id = ids[noun].get(name);
    if (id === undefined) throw problemAt(at, `${noun} ${printable(name)} is not in this domain`);
    return id;
  };
  if (group === undefined) return { kind: 'user', userId: find('user', requiredField(node, fields, 'user')) };
  const projectIds =
    projects &&
    entriesOf(projects)
      .map((entry) => find('project', entry))
      .sort();
  return { kind: 'group', groupId: find('group', group), projectIds };
}

/** One text or more, none of them twice. */
function textsOf(list: YamlNode, max: number): readonly string[] {
  const texts = entriesOf(list).map((entry) => textOf(entry, VALUE));
  if (texts.length === 0 || texts.length > max) throw problemAt(list, `must hold 1 to ${max} entries`);
  if (new Set(texts).size < texts.length) throw problemAt(list, 'must not hold an entry twice');
  return texts;
}
