import type { IdentityService } from '../../app/ports/deps.ts';
import { SecretError, unavailable } from '../../core/errors.ts';
import { addressGroup } from '../../core/identity/address-group.ts';
import type { LoginGate } from '../logins/gate.ts';
import { readIdTokenLogin } from '../logins/login.ts';
import type { Found } from '../realm.ts';
import { describeToken, type IamDeps } from '../tokens/iam.ts';
import { requireScope } from '../tokens/scope.ts';
import { credentialMark, issueToken, type TokenClaims } from '../tokens/token.ts';
import { findRule, IdTokenFault, verifyIdToken } from './id-token.ts';
import type { KeySets } from './key-sets.ts';
import type { IdentityProvider } from './providers.ts';

/** What logins by ID tokens work with. */
export interface IdTokenDeps extends Pick<IamDeps, 'realms' | 'tokenKey' | 'region' | 'tokenLifetimeMs'> {
  readonly keySets: KeySets;
  /** Counts failed attempts for each provider and address. */
  readonly gate: LoginGate;
}

type Federated = Found & Pick<TokenClaims, 'federation'>;

/**
 * Creates logins by ID tokens; they are for the main world. Whatever is wrong with a token, the answer is the same, and the
 * operator's log says why. @see docs/adr/0076-workload-identity.md
 */
export function createIdTokenLogin(deps: IdTokenDeps): Pick<IdentityService, 'createTokenForIdToken'> {
  return {
    async createTokenForIdToken(input) {
      const { providerId } = input;
      const login = readIdTokenLogin(input.body);
      const provider = deps.realms.main.directory().providers.get(providerId);
      const { federation, realm, user } = await pass(deps, input, () =>
        identify(deps, provider, login.idToken),
      );
      const scope = requireScope(user, login.scope);
      const issuedAtMs = realm.clock.nowMs();
      const claims: Omit<TokenClaims, 'id'> = {
        world: realm.world,
        method: 'mapped',
        userId: user.id,
        domainId: user.domainId,
        ...scope,
        issuedAtMs,
        expiresAtMs: issuedAtMs + Math.min(provider?.tokenValidityMs ?? 0, deps.tokenLifetimeMs),
        credentialMark: credentialMark(deps.tokenKey, user, realm),
        federation,
      };
      const token = issueToken(deps.tokenKey, claims);
      return { token, issuedAtMs, body: describeToken(claims, user, { ...input, region: deps.region }) };
    },
  };
}

/** Lets the attempt through the gate. Throws id-token-refused, unavailable, throttled. */
async function pass(
  { gate }: IdTokenDeps,
  { address, providerId }: { readonly address: string; readonly providerId: string },
  check: () => Promise<Federated>,
): Promise<Federated> {
  const attempt = { principal: JSON.stringify(['id-token', providerId]), address: addressGroup(address) };
  let found: Federated | undefined;
  let reason = '';
  await gate.pass(attempt, async () => {
    try {
      found = await check();
    } catch (error) {
      if (!(error instanceof IdTokenFault)) throw error;
      // Not the caller's failure, and it counts as none.
      if (error.isOfIssuer) throw unavailable(error.message);
      reason = error.message;
    }
    return found !== undefined;
  });
  if (found !== undefined) return found;
  throw new SecretError('id-token-refused', '', { logReason: `the ID token is refused: ${reason}` });
}

async function identify(
  { keySets, realms: { main: realm } }: IdTokenDeps,
  provider: IdentityProvider | undefined,
  token: string,
): Promise<Federated> {
  if (provider === undefined) throw new IdTokenFault('there is no such identity provider');
  const { claims, subject } = await verifyIdToken(token, provider, { keySets, nowMs: realm.clock.nowMs() });
  const rule = findRule(provider.rules, claims);
  if (rule === undefined) throw new IdTokenFault(`no rule of ${provider.id} is for ${shown(subject)}`);
  const federation = { providerId: provider.id, ruleId: rule.id, subject };
  // The directory of this moment: keys may have been fetched meanwhile.
  const user = realm.directory().findFederated(federation);
  if (user === undefined)
    throw new IdTokenFault(`the user of the rule for ${shown(subject)} is gone or disabled`);
  return { federation, realm, user };
}

/** A subject as far as a log line takes it. */
function shown(subject: string): string {
  return subject.slice(0, 128);
}
