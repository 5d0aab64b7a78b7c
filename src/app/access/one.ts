import { isDeniedExplicitly, isMet, type LookUp } from '../../core/permit.ts';
import { type ActionId, actionOf } from '../../core/policy/actions.ts';
import type { Right } from '../../core/rights.ts';
import { aliasIn } from '../kms/keys.ts';
import type { GranteeQuery } from '../ports/deps.ts';
import { findBlob } from '../secrets/blob.ts';
import type { Check, Judgement, Target } from './check.ts';
import { type FoundSubject, findSubject } from './find.ts';
import { GRANTED } from './grants.ts';
import { waysByGrant } from './ways.ts';

/** Condition keys of the request whose values only a blob can tell. */
const IN_BLOB = ['csms:type', 'g:enterpriseprojectid'];
const KMS_KEY_ID = 'csms:kmskeyid';

/** What is known of the resource by the request alone. */
export function targetOf({ deps, request }: Check): Target {
  const { facts = {}, subject } = request;
  switch (subject.kind) {
    case 'secret':
    case 'new-secret': {
      const path = subject.name;
      const version = subject.kind === 'secret' ? subject.version : undefined;
      return withKey(request.kmsKeyId, { path, facts: version ? { ...facts, versionId: version } : facts });
    }
    case 'blob':
      return { path: undefined, facts, unknown: IN_BLOB };
    case 'key':
    case 'ciphertext': {
      const alias = aliasIn(subject.keyId ?? '');
      if (alias !== undefined)
        return { path: undefined, facts: { ...facts, requestAlias: alias }, unknown: [] };
      return { path: subject.kind === 'key' ? subject.keyId : undefined, facts, unknown: [] };
    }
    case 'new-key':
      return { path: deps.ids.uuid(), facts, unknown: [] };
    default:
      return { path: undefined, facts, unknown: [] };
  }
}

/** The key of a secret counts by its id, which an alias does not tell. */
function withKey(kmsKeyId: string | undefined, target: Omit<Target, 'unknown'>): Target {
  if (kmsKeyId === undefined) return { ...target, unknown: [] };
  if (aliasIn(kmsKeyId) !== undefined) return { ...target, unknown: [KMS_KEY_ID] };
  return { ...target, facts: { ...target.facts, kmsKeyId }, unknown: [] };
}

/**
 * Decides over the one resource that a request names, on what is found of it now. Returns what has to be settled again on
 * what is read or changed. Throws action-forbidden.
 */
export async function rightToOne(check: Check, action: ActionId): Promise<Right | undefined> {
  const [target, judged] = await judgeKnown(check, action);
  if (judged.kind === 'allowed') {
    await learnOne(check, action, target);
    return undefined;
  }
  let isExplicit = judged.kind === 'denied' && judged.isExplicit;
  if (judged.kind === 'open') {
    const { isMaking } = actionOf(action);
    const right = { ...rightOf(check, action), ways: [{ rests: judged.rests }] };
    // An alias of no key leaves the request itself unknown, whatever the resource is.
    const isUnknown = isMaking || target.unknown.length > 0;
    const found = isUnknown
      ? undefined
      : await findSubject(check.deps, check.projectId, check.request.subject);
    const wanted = lookUpOf(check, action, target, found);
    if (isMet(right, wanted, found?.attributes)) {
      check.learn(action, check.urnOf(action, found?.attributes.path ?? target.path ?? '*'));
      return isMaking ? undefined : right;
    }
    isExplicit = isDeniedExplicitly(right, wanted, found?.attributes);
  }
  const granted = isExplicit ? undefined : await rightByGrant(check, action, target);
  if (granted === undefined) throw check.refusal(action, resourceOf(check, action), isExplicit);
  return granted;
}

/** What the request names by an alias or in a blob is looked up only where policies depend on it. */
async function judgeKnown(check: Check, action: ActionId): Promise<readonly [Target, Judgement]> {
  const first = targetOf(check);
  const judged = check.judge(action, first);
  if (judged.kind !== 'open' || first.unknown.length === 0) return [first, judged];
  const target = await resolved(check, first);
  return [target, check.judge(action, target)];
}

async function resolved({ deps, projectId, request }: Check, target: Target): Promise<Target> {
  const { kmsKeyId, subject } = request;
  if (subject.kind === 'blob') {
    const secret = await findBlob(deps, projectId, subject.text ?? '');
    if (secret === undefined) return target;
    const { enterpriseProjectId, name, secretType } = secret;
    return { path: name, facts: { ...target.facts, enterpriseProjectId, secretType }, unknown: [] };
  }
  const found = await findSubject(deps, projectId, { kind: 'key', keyId: kmsKeyId });
  if (found === undefined) return target;
  return { ...target, facts: { ...target.facts, kmsKeyId: found.attributes.id }, unknown: [] };
}

/** A grant on the secret counts where policies do not allow, and where none of them denies. */
async function rightByGrant(check: Check, action: ActionId, target: Target): Promise<Right | undefined> {
  if (!GRANTED.has(action)) return undefined;
  const ways = await waysByGrant(check, { action, target, secret: secretOf(check) });
  if (ways.length === 0) return undefined;
  const right = { ...rightOf(check, action), ways };
  const found = await findSubject(check.deps, check.projectId, check.request.subject);
  if (!isMet(right, lookUpOf(check, action, target, found), found?.attributes)) return undefined;
  check.learn(action, check.urnOf(action, found?.attributes.path ?? '*'));
  return right;
}

/** The secret that a request names, for a search of grants. */
export function secretOf({ request: { subject } }: Check): GranteeQuery['secret'] {
  if (subject.kind === 'secret') return { name: subject.name ?? '' };
  return subject.kind === 'secret-by-id' ? { id: subject.id ?? '' } : undefined;
}

function lookUpOf(
  { projectId }: Check,
  action: ActionId,
  { path }: Target,
  found: FoundSubject | undefined,
): LookUp {
  const aggregate = actionOf(action).resource === 'key' ? 'key' : 'secret';
  const ref = { projectId, ...(aggregate === 'key' ? { id: path } : { name: path }) };
  return { aggregate, kind: 'look-up', ref, version: found?.version };
}

function rightOf(check: Check, action: ActionId): Omit<Right, 'ways'> {
  const { subject } = check.request;
  const isAlias = 'keyId' in subject && aliasIn(subject.keyId ?? '') !== undefined;
  const isPathHidden = isAlias || subject.kind === 'secret-by-id';
  return { action, urn: check.urnOf(action, ''), named: namedIn(check), isPathHidden };
}

/** The URN as the caller named it. */
function resourceOf(check: Check, action: ActionId): string {
  return actionOf(action).resource === undefined ? '*' : check.urnOf(action, namedIn(check));
}

function namedIn({ request: { subject } }: Check): string {
  if (subject.kind === 'secret' || subject.kind === 'new-secret') return subject.name ?? '*';
  return subject.kind === 'key' || subject.kind === 'ciphertext' ? (subject.keyId ?? '*') : '*';
}

/** A list of what was used names the resource itself, which an id or alias does not. */
async function learnOne(check: Check, action: ActionId, target: Target): Promise<void> {
  if (check.deps.learn === undefined) return;
  if (actionOf(action).resource === undefined) return check.learn(action, '*');
  const { attributes } = (await findSubject(check.deps, check.projectId, check.request.subject)) ?? {};
  const { path = '*' } = target.unknown.length > 0 ? await resolved(check, target) : target;
  check.learn(action, check.urnOf(action, attributes?.path ?? path));
}
