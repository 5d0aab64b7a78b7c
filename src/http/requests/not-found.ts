import type { FastifyRequest } from 'fastify';
import { invalidParameter, SecretError } from '../../core/errors.ts';

/** Operations of the key service below `/v1.0/{project_id}/kms/` that clients have and this server does not. */
const KEY_OPERATIONS: ReadonlySet<string> = new Set([
  'sign',
  'verify',
  'get-publickey',
  'generate-mac',
  'verify-mac',
  'create-rsa-datakey-pair',
  'create-ec-datakey-pair',
  'create-grant',
  'list-grants',
  'list-retirable-grants',
  'retire-grant',
  'revoke-grant',
  'get-parameters-for-import',
  'import-key-material',
  'delete-imported-key-material',
]);
/** Others elsewhere, with their names. */
const OTHERS: readonly (readonly [path: RegExp, name: string])[] = [
  [/^\/v1\.0\/[^/]+\/keystores(?:\/|$)/, 'dedicated keystores'],
  [/^\/v2\/[^/]+\/kms\//, 'keys in several regions'],
  [/^\/v3\/[^/]+\/keypairs(?:\/|$)/, 'SSH key pairs'],
  [/^\/v5\//, 'version 5 of the identity service'],
  [/^\/(?:v1|v1\.0|v2)?$/, 'the list of API versions'],
];

/**
 * The error for an unknown path. A final slash is the commonest reason, and an operation that only the cloud has the
 * next: the log says which, by our own name and never by the path.
 */
export function routeNotFound({ url }: Pick<FastifyRequest, 'url'>): SecretError {
  const [path = ''] = url.split('?', 1);
  const detail = endsWithSlash(path) ? 'The path ends with a slash; leave that out.' : '';
  const name = nameOf(path);
  if (name === undefined) return new SecretError('route-not-found', detail);
  const logReason = `the real service has this and this server does not: ${name}`;
  return new SecretError('route-not-found', detail, { logReason });
}

/** Refuses a path whose last parameter is empty, as in a list with a final slash. Throws invalid-parameter. */
export function requireLastParameter({ params, url }: Pick<FastifyRequest, 'params' | 'url'>): void {
  const [path = ''] = url.split('?', 1);
  if (!endsWithSlash(path)) return;
  const [name] = Object.entries(params as Record<string, string>).find(([, value]) => value === '') ?? [];
  if (name !== undefined) throw invalidParameter(name, 'is empty: the path ends with a slash');
}

function nameOf(path: string): string | undefined {
  const [, operation = ''] = /^\/v1\.0\/[^/]+\/kms\/([a-z-]+)$/.exec(path) ?? [];
  if (KEY_OPERATIONS.has(operation)) return operation;
  return OTHERS.find(([pattern]) => pattern.test(path))?.[1];
}

/** True for a path with a removable final slash. */
export function endsWithSlash(path: string): boolean {
  return path.length > 1 && path.endsWith('/');
}
