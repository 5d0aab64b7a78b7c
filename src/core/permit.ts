import type { Actor, CallerActor } from './actor.ts';
import { type Attributes, newKeyAttributes } from './attributes.ts';
import type { Command } from './commands.ts';
import { SecretError } from './errors.ts';
import { OPERATIONS } from './operations.ts';
import { isDeniedByPath, settle } from './policy/decide.ts';
import type { Right, Rights } from './rights.ts';

/** Looking up one secret, one of its versions, or one key. */
export interface LookUp {
  readonly aggregate: 'secret' | 'key';
  readonly kind: 'look-up';
  /** As the caller names it and, once found, what it is. */
  readonly ref: {
    readonly projectId: string;
    readonly name?: string | undefined;
    readonly id?: string | undefined;
    readonly alias?: string | undefined;
  };
  /** The wanted version; its number once found. */
  readonly version?: number | 'latest' | undefined;
  /** What a secret’s key is needed for; absent: for all that the operation needs it for. */
  readonly use?: KeyUse | undefined;
  /** The secret whose value the key opens. */
  readonly secretId?: string | undefined;
}

/** Sealing a new value, or opening one. */
export type KeyUse = 'seal' | 'open';

/**
 * Returns why an actor may not have what it wants; undefined: it may. Called for a command in the transaction, before the
 * rules decide, and for a look-up with what was found, before it is returned. Absent attributes: the resource does not
 * exist, or is damaged.
 */
export type Permit = (
  actor: Actor,
  wanted: Command | LookUp,
  attributes: Attributes | undefined,
) => SecretError | undefined;

const ACTION_OF_USE = { seal: 'kms:cmk:createDataKey', open: 'kms:cmk:decryptDataKey' } as const;

/**
 * Settles what the caller’s policies have left open on what was found. The actor brings it along, so this is the same on
 * every thread. The server itself may do everything.
 */
export const permit: Permit = (actor, wanted, attributes) => {
  if (actor.kind === 'system' || actor.rights === undefined) return undefined;
  const right = rightsFor(actor.operation, actor.rights, wanted).find(
    (one) => !isMet(one, wanted, attributes),
  );
  if (right === undefined) return undefined;
  const { action, named = pathOf(wanted) ?? '*', urn } = right;
  const isExplicit = isDeniedExplicitly(right, wanted, attributes);
  return forbidden(actor, { action, resource: `${urn}${named}`, isExplicit });
};

/** Whether a Deny refuses what is not met, as far as its caller may know: attributes and hidden paths stay out of it. */
export function isDeniedExplicitly(
  { isExplicit = false, isPathHidden = false, ways }: Right,
  wanted: Command | LookUp,
  attributes: Attributes | undefined,
): boolean {
  const path = isPathHidden ? undefined : (attributes?.path ?? pathOf(wanted));
  if (isExplicit || path === undefined) return isExplicit;
  return ways.some(({ rests }) => rests.some((rest) => isDeniedByPath(rest, path)));
}

/** A caller of the key service acts on keys; every other one only needs them for its secrets. */
export function rightsFor(
  operation: CallerActor['operation'],
  { own, needs = [] }: Rights,
  wanted: Command | LookUp,
): readonly Right[] {
  const isNeed = wanted.aggregate === 'key' && OPERATIONS[operation].action?.startsWith('kms:') !== true;
  if (!isNeed) return own === undefined ? [] : [own];
  const use = 'use' in wanted ? wanted.use : undefined;
  return use === undefined ? needs : needs.filter(({ action }) => action === ACTION_OF_USE[use]);
}

/** Whether one of the ways to the right is open for what was found. */
export function isMet(right: Right, wanted: Command | LookUp, attributes: Attributes | undefined): boolean {
  const known = attributes ?? attributesOfNew(wanted);
  const path = known?.path ?? pathOf(wanted);
  const version = 'version' in wanted && typeof wanted.version === 'number' ? wanted.version : undefined;
  const found = path === undefined || known === undefined ? undefined : { path, attributes: known, version };
  const opened = 'secretId' in wanted ? wanted.secretId : undefined;
  const secretId = wanted.aggregate === 'key' ? opened : known?.id;
  return right.ways.some(
    ({ rests, secretIds }) =>
      (secretIds === undefined || (secretId !== undefined && secretIds.includes(secretId))) &&
      rests.every((rest) => settle({ ...rest, path: rest.path ?? path }, found)),
  );
}

/** What the caller has named by its path; undefined when only the resource, once found, says it. */
function pathOf(wanted: Command | LookUp): string | undefined {
  const { ref } = wanted as { readonly ref?: LookUp['ref'] };
  return wanted.aggregate === 'key' ? ref?.id : ref?.name;
}

/** A key that is going to be made counts as there. */
function attributesOfNew(wanted: Command | LookUp): Attributes | undefined {
  return wanted.kind === 'ensure-key' ? newKeyAttributes(wanted.ref.id) : undefined;
}

/** The refusal of an action, in the vendor’s words. */
export function forbidden(
  { domainId, userName }: Pick<CallerActor, 'domainId' | 'userName'>,
  refused: { readonly action: string; readonly resource: string; readonly isExplicit: boolean },
): SecretError {
  const { action, isExplicit, resource } = refused;
  const why = isExplicit
    ? 'with an explicit deny in an identity-based policy'
    : `because no identity-based policy allows the ${action} action`;
  const who = `iam::${domainId}:user:${userName}`;
  const message = `User: ${who} is not authorized to perform: ${action} on resource: ${resource} ${why}`;
  const logReason = `${action}: ${isExplicit ? 'an explicit deny' : 'no policy allows it'}`;
  return new SecretError('action-forbidden', message, { logReason });
}
