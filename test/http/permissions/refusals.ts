import type { OperationId } from '../../../src/core/operations.ts';
import { type ActionId, actionOf } from '../../../src/core/policy/actions.ts';
import type { Answer } from '../../support/exchange.ts';
import type { TestUser } from '../../support/server.ts';
import { type Fixture, requestOf, targetOf } from './fixtures.ts';

/** Lists that are decided row by row, and batches that are decided item by item. */
export const MANY: readonly OperationId[] = [
  'ListSecrets',
  'ListResourceInstances',
  'ListKeys',
  'ListAliases',
  'ListKmsByTags',
  'BatchImportSecrets',
  'BatchDeleteSecrets',
];

/** The resource as the request names it. */
export function resourceIn({ operation, known }: Fixture, action: string, { domainId }: TestUser): string {
  const { resource } = actionOf(action as ActionId);
  if (resource === undefined || MANY.includes(operation)) return '*';
  if (resource === 'key') {
    const isNamed = operation !== 'CreateKey' && typeof known.key_id === 'string';
    return `kms:local-1:${domainId}:KeyId:${isNamed ? known.key_id : '*'}`;
  }
  const { template = '' } = targetOf(operation) ?? {};
  const name = template.includes('{secret_name}') ? known.secret_name : '*';
  return `csms:local-1:${domainId}:secretName:${operation === 'CreateSecret' ? known.name : name}`;
}

/** The whole text of a refusal. */
export function refusalText(
  family: 'flat' | 'nested',
  user: TestUser,
  { action, resource, isExplicit = false }: { action: string; resource: string; isExplicit?: boolean },
): string {
  const start =
    family === 'flat' ? 'The user role has no permission to access the interface.' : 'No access permissions.';
  const reason = isExplicit
    ? 'with an explicit deny in an identity-based policy'
    : `because no identity-based policy allows the ${action} action`;
  return `${start} User: iam::${user.domainId}:user:${user.name} is not authorized to perform: ${action} on resource: ${resource} ${reason}`;
}

/** Status, code and text of an answer, wherever its shape has them. */
export function refusalOf({ json, status }: Answer): readonly unknown[] {
  const { error_code, error_msg } = json?.error ?? json ?? {};
  return [status, error_code, error_msg];
}

/** What who may not do an operation is told. */
export function refused(
  fixture: Fixture,
  user: TestUser,
  { action, isExplicit = false }: { action: string; isExplicit?: boolean },
): readonly unknown[] {
  return told(fixture, user, { action, isExplicit, resource: resourceIn(fixture, action, user) });
}

/** What who may do it, but not what it takes on the secret’s key, is told. */
export function dependencyRefused(fixture: Fixture, user: TestUser, action: string): readonly unknown[] {
  const { body } = requestOf(fixture);
  const { kms_key_id: named = '*' } = (body ?? {}) as { kms_key_id?: string };
  return told(fixture, user, { action, resource: `kms:local-1:${user.domainId}:KeyId:${named}` });
}

function told(
  { operation }: Fixture,
  user: TestUser,
  refusal: { action: string; resource: string; isExplicit?: boolean },
): readonly unknown[] {
  const isKms = targetOf(operation)?.template.includes('/kms/') === true;
  const text = refusalText(isKms ? 'nested' : 'flat', user, refusal);
  return [403, isKms ? 'KMS.0307' : 'CSMS.0302', text.slice(0, 512)];
}
