import { type Static, Type } from '@sinclair/typebox';
import * as app from '../../app/identity/grants.ts';
import { invalidParameter, SecretError } from '../../core/errors.ts';
import { requireText } from '../../core/fields.ts';
import { type Grant, type Grantee, parseValidity } from '../../core/identity/grants.ts';
import type { Secret, SecretIdRef } from '../../core/secrets/secrets.ts';
import type { App } from '../app.ts';
import { operation, route } from '../wire/operation.ts';
import { NoBody, Nullable, Omissible, OneOf, TimeMs, Titled } from '../wire/schemas.ts';

/** The documents' numbers for kinds of grantee. @see CSMS API, GrantSecretReqBody, grantee_type */
const GRANTEE_TYPES: Readonly<Record<'0' | '2', Grantee['type']>> = Object.freeze({ 0: 'user', 2: 'group' });
/** In force: the only state that is ever shown. */
const STATE_IN_FORCE = 0;

const Id = Type.String({ minLength: 1, maxLength: 64 });
const ResourceQuery = Type.Object({ resource_id: Id });
const GrantBody = Titled('GrantRequest', {
  resource_id: Id,
  // A pattern, because client generators merge two enumerated words that differ only in case.
  type: Type.String({
    pattern: '^(?:SECRET|GROUP|secret|group)$',
    description: 'SECRET; there are no groups of secrets',
  }),
  grantee_type: OneOf(['0', '2'], '0: a user, 2: a group'),
  grantee_target_id: Id,
  validity_time: Omissible(
    Type.String({ maxLength: 32, description: 'Last day, or the moment of the end; in UTC' }),
  ),
});

const GrantResponse = Titled('GrantResponse', {
  data: Titled('GrantData', {
    uuid: Type.String(),
    resourceId: Type.String(),
    type: Type.String(),
    granteeUser: Type.String(),
    createTime: TimeMs,
    updateTime: TimeMs,
    validityTime: Nullable(TimeMs),
    state: Type.Integer({ description: '0: in force' }),
    signature: Type.String({ description: 'Always empty' }),
  }),
});

const ListGrantsResponse = Titled('ListGrantsResponse', {
  data: Titled(
    'GrantDTO',
    {
      id: Type.String({ description: 'Id of the secret' }),
      name: Type.String({ description: 'Name of the secret' }),
      type: Type.String(),
      grantee_user: Type.Array(
        Titled('GrantUserInfo', {
          user_id: Type.String(),
          user_name: Type.String({ description: 'The id where no name is known' }),
          grantee_type: Type.String({ description: '0: a user, 2: a group' }),
          create_time: TimeMs,
          validity_time: Nullable(TimeMs),
        }),
      ),
      create_time: TimeMs,
      update_time: TimeMs,
    },
    { description: 'Only grants that are in force' },
  ),
});

/** CreateGrants, UpdateGrant, ListGrants, DeleteGrant. */
export function registerGrants(api: App): void {
  api.route({
    ...route('POST', '/v1/:project_id/csms/grants', {
      ...operation('CreateGrants', 'Grants a user or a group a permission on a secret'),
      body: GrantBody,
      response: { 200: GrantResponse },
    }),
    handler: async ({ caller, deps, params, body }) => {
      const grant = await app.createGrant(deps, caller, toPutGrant(params.project_id, body));
      return { data: toWireGrant(grant) };
    },
  });
  api.route({
    ...route('PUT', '/v1/:project_id/csms/grants', {
      ...operation('UpdateGrant', 'Changes when a permission ends'),
      querystring: ResourceQuery,
      body: GrantBody,
      response: { 200: GrantResponse },
    }),
    handler: async ({ deps, params, query, body }) => {
      if (query.resource_id !== body.resource_id) {
        throw invalidParameter('resource_id', 'must be the same in the query and in the body');
      }
      return { data: toWireGrant(await app.updateGrant(deps, toPutGrant(params.project_id, body))) };
    },
  });
  api.route({
    ...route('GET', '/v1/:project_id/csms/grants', {
      ...operation('ListGrants', 'Lists who has a permission on a secret'),
      querystring: ResourceQuery,
      response: { 200: ListGrantsResponse },
    }),
    handler: async ({ caller, deps, params, query }) => {
      const ref = toGrantRef(params.project_id, query.resource_id);
      const { secret, grants } = await app.listGrants(deps, caller, ref);
      return { data: toWireList(secret, grants) };
    },
  });
  api.route({
    ...route('DELETE', '/v1/:project_id/csms/grants', {
      ...operation('DeleteGrant', 'Revokes permissions on a secret, of one grantee or of all'),
      querystring: Type.Object({
        ...ResourceQuery.properties,
        grantee_user: Type.Optional(Type.String({ maxLength: 64, description: 'Absent: of all' })),
      }),
      response: { 204: NoBody },
    }),
    handler: async ({ deps, params, query }, reply) => {
      const ref = toGrantRef(params.project_id, query.resource_id);
      await app.removeGrants(deps, ref, query.grantee_user || undefined);
      return reply.code(204).send(undefined);
    },
  });
}

function toGrantRef(projectId: string, resourceId: string): SecretIdRef {
  return { projectId, secretId: requireText(resourceId, 'resource_id') };
}

function toPutGrant(projectId: string, body: Static<typeof GrantBody>): app.PutGrant {
  const granteeId = requireText(body.grantee_target_id, 'grantee_target_id');
  const expireTimeMs = body.validity_time == null ? undefined : parseValidity(body.validity_time);
  if (body.type.toUpperCase() === 'GROUP') {
    throw new SecretError('resource-not-found', 'There are no groups of secrets; type must be SECRET.');
  }
  return {
    ref: toGrantRef(projectId, body.resource_id),
    grantee: { type: GRANTEE_TYPES[body.grantee_type], id: granteeId },
    expireTimeMs,
  };
}

function toWireGrant(grant: Grant): Static<typeof GrantResponse>['data'] {
  return {
    uuid: grant.id,
    resourceId: grant.secretId,
    type: 'SECRET',
    granteeUser: grant.grantee.id,
    createTime: grant.createTimeMs,
    updateTime: grant.updateTimeMs,
    validityTime: grant.expireTimeMs ?? null,
    state: STATE_IN_FORCE,
    signature: '',
  };
}

/** The times are those of the first grant and of the last change; the secret's while there are no grants. */
function toWireList(
  secret: Secret,
  grants: readonly app.NamedGrant[],
): Static<typeof ListGrantsResponse>['data'] {
  const created = grants.map(({ grant }) => grant.createTimeMs);
  const updated = grants.map(({ grant }) => grant.updateTimeMs);
  return {
    id: secret.id,
    name: secret.name,
    type: 'SECRET',
    grantee_user: grants.map(({ grant, granteeName }) => ({
      user_id: grant.grantee.id,
      user_name: granteeName,
      grantee_type: grant.grantee.type === 'user' ? '0' : '2',
      create_time: grant.createTimeMs,
      validity_time: grant.expireTimeMs ?? null,
    })),
    create_time: grants.length === 0 ? secret.createTimeMs : Math.min(...created),
    update_time: grants.length === 0 ? secret.updateTimeMs : Math.max(...updated),
  };
}
