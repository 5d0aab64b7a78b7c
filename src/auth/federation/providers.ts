import type { Federation } from '../../app/ports/deps.ts';

/** Names of the signature algorithms of ID tokens: none that takes the key of both sides. @see RFC 7518, 3.1; RFC 8037 */
export const TOKEN_ALGORITHMS = Object.freeze([
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
] as const);
/** One of them. */
export type TokenAlgorithm = (typeof TOKEN_ALGORITHMS)[number];

/** A public key as JSON, without anything that verifying a signature does not take. */
export type PublicKey = Readonly<Record<string, unknown>>;

/** Where an issuer's public keys are: a JSON Web Key Set, as it was read, or the address where it is found. */
export type KeySource =
  | { readonly kind: 'file'; readonly keys: readonly PublicKey[] }
  | {
      readonly kind: 'uri';
      readonly uri: string;
      /** PEM of the authorities that its server's certificate is from; undefined: the public ones. */
      readonly authorities: string | undefined;
    };

/** Whom an ID token with these claims is for. */
export interface MappingRule {
  /** Follows from all that the rule and its provider demand, so that a token of another text of it is void. */
  readonly id: string;
  /** Each named claim has one of the values, or holds one as a list. */
  readonly claims: ReadonlyMap<string, readonly string[]>;
  readonly target: RuleTarget;
}

/** A user of the identities, or a member of a group that is not among them. */
export type RuleTarget =
  | { readonly kind: 'user'; readonly userId: string }
  | {
      readonly kind: 'group';
      readonly groupId: string;
      /** Where it may go at all; undefined: all of the domain. */
      readonly projectIds: readonly string[] | undefined;
    };

/** An OpenID Connect issuer whose ID tokens are accepted. Plain data: it is sent between threads. */
export interface IdentityProvider {
  /** Names it in the header X-Idp-Id; no two have the same, in whichever domain. */
  readonly id: string;
  readonly domainId: string;
  /** The `iss` of its tokens. */
  readonly issuer: string;
  /** An ID token has to be for one of them. */
  readonly audiences: readonly string[];
  readonly algorithms: readonly TokenAlgorithm[];
  readonly keys: KeySource;
  /** Lifetime of the tokens that are issued for its own, milliseconds. */
  readonly tokenValidityMs: number;
  /** The first that fits decides. */
  readonly rules: readonly MappingRule[];
}

/** The rule by which a credential was issued, while it stands as it was. */
export function ruleOf(
  providers: ReadonlyMap<string, IdentityProvider>,
  { providerId, ruleId }: Federation,
): MappingRule | undefined {
  return providers.get(providerId)?.rules.find(({ id }) => id === ruleId);
}

/** What begins the names of a provider's members of groups; no user of the domain has a name that begins so. */
export function namePrefix(providerId: string): string {
  return `${providerId}/`;
}
