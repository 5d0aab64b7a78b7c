import { Type } from '@sinclair/typebox';
import type { FastifyReply } from 'fastify';
import { storeRevocation } from '../../app/identity/revocations.ts';
import type { IdentityService } from '../../app/ports/deps.ts';
import { type ErrorCode, SecretError } from '../../core/errors.ts';
import type { App } from '../app.ts';
import { parseBody, requireMediaType } from '../requests/hooks.ts';
import type { ServerOptions } from '../server-options.ts';
import {
  body,
  CallerIdentityResponse,
  DomainsResponse,
  IdentityError,
  IdTokenSchema,
  ProjectsResponse,
  TokenResponse,
  TokenSchema,
  UsersResponse,
} from '../wire/identity-schemas.ts';
import { LOGIN_BODY_BYTES_MAX } from '../wire/limits.ts';
import { operation, route, routesOf } from '../wire/operation.ts';
import { NoBody } from '../wire/schemas.ts';
import { registerAuthorizationSchemas } from './authorization-schemas.ts';
import { registerCatalogue, registerVersion } from './catalogue.ts';
import { registerTemporaryKeys } from './temporary-keys.ts';

/** Most projects that a log line names: a user with many could make it arbitrarily long. */
const NAMED_MAX = 5;

const iamRoute = routesOf('iam', IdentityError, {});

/** The identity service's calls that need no credentials: its version, and a token for a password. */
export function registerLogin(
  app: App,
  options: Pick<ServerOptions, 'identity' | 'takeRequest' | 'temporaryKeys'>,
): void {
  const { identity } = options;
  nameTraces(app);
  registerVersion(app, identity);
  registerTemporaryKeys(app, options);
  registerIdTokens(app, identity);
  app.route({
    ...iamRoute('POST', '/v3/auth/tokens', {
      ...operation(
        'KeystoneCreateUserTokenByPassword',
        'Issues a token for a password or for another token, in the header X-Subject-Token',
      ),
      security: [],
      querystring: Type.Object({ nocatalog: Type.Optional(Type.String()) }),
      body: TokenSchema,
      response: { 201: body(TokenResponse) },
    }),
    bodyLimit: LOGIN_BODY_BYTES_MAX,
    attachValidation: true,
    onRequest: async (request) => requireMediaType(request),
    handler: async (request, reply) => {
      const { token, issuedAtMs, body } = await identity.createTokenFor({
        body: parseLogin(request.rawBody),
        address: request.ip,
        baseUrl: request.baseUrl,
        noCatalog: request.query.nocatalog !== undefined,
      });
      setToken(reply, token, issuedAtMs);
      return reply.code(201).send(body);
    },
  });
}

/** A token for one that an identity provider has issued: what the SDKs call federated credentials begin so. */
function registerIdTokens(app: App, identity: IdentityService): void {
  app.route({
    ...route('POST', '/v3.0/OS-AUTH/id-token/tokens', {
      ...operation(
        'CreateTokenWithIdToken',
        'Issues a token for an ID token of an identity provider, in the header X-Subject-Token',
      ),
      security: [],
      headers: Type.Object({
        'x-idp-id': Type.Optional(Type.String({ description: 'The identity provider' })),
      }),
      body: IdTokenSchema,
      response: { 201: body(TokenResponse) },
    }),
    bodyLimit: LOGIN_BODY_BYTES_MAX,
    attachValidation: true,
    onRequest: async (request) => requireMediaType(request),
    handler: async (request, reply) => {
      const providerId = request.headers['x-idp-id'] ?? '';
      if (providerId === '') throw new SecretError('id-token-invalid', 'The header X-Idp-Id is missing.');
      const { token, issuedAtMs, body } = await identity.createTokenForIdToken({
        providerId,
        body: parseLogin(request.rawBody, 'id-token-invalid'),
        address: request.ip,
        baseUrl: request.baseUrl,
        noCatalog: false,
      });
      setToken(reply, token, issuedAtMs);
      return reply.code(201).send(body);
    },
  });
}

function setToken({ raw }: FastifyReply, token: string, issuedAtMs: number): void {
  raw.setHeader('X-Subject-Token', token);
  // By the clock that the token lives by.
  raw.setHeader('Date', new Date(issuedAtMs).toUTCString());
}

/** Clients quote this header in their messages, for the operator to search for. */
function nameTraces(app: App): void {
  app.addHook('onRequest', (request, reply, done) => {
    reply.raw.setHeader('X-IAM-Trace-Id', request.id);
    done();
  });
}

/** Its calls about an authenticated caller: projects, domain, users, services. */
export function registerIdentity(signed: App, { identity }: Pick<ServerOptions, 'identity'>): void {
  nameTraces(signed);
  registerProjects(signed, identity);
  signed.route({
    ...route('GET', '/v3/auth/domains', {
      ...operation('KeystoneListAuthDomains', 'Lists the domain of the caller'),
      response: { 200: body(DomainsResponse) },
    }),
    handler: async ({ baseUrl, caller }) => identity.listDomains(caller, { baseUrl }),
  });
  signed.route({
    ...route('GET', '/v5/caller-identity', {
      ...operation('GetCallerIdentity', 'Says whose the credentials are'),
      response: { 200: CallerIdentityResponse },
    }),
    handler: async ({ caller }) => ({
      account_id: caller.domainId,
      principal_urn: `iam::${caller.domainId}:user:${caller.userName}`,
      principal_id: caller.userId,
    }),
  });
  registerUsers(signed, identity);
  registerTokens(signed, identity);
  registerCatalogue(signed, identity);
  registerAuthorizationSchemas(signed);
}

/** The same list under the names of the cloud and of OpenStack. */
function registerProjects(signed: App, identity: IdentityService): void {
  for (const [path, operationId] of [
    ['/v3/projects', 'KeystoneListProjects'],
    ['/v3/auth/projects', 'KeystoneListAuthProjects'],
  ] as const) {
    signed.route({
      ...route('GET', path, {
        ...operation(operationId, 'Lists the caller’s projects'),
        querystring: Type.Object({ name: Type.Optional(Type.String({ maxLength: 64 })) }),
        response: { 200: body(ProjectsResponse) },
      }),
      handler: async ({ baseUrl, caller, id, log, query }) => {
        const listed = identity.listProjects(caller, { ...query, baseUrl, path });
        if (query.name !== undefined && listed.projects.length === 0) {
          const own = identity.listProjects(caller, { baseUrl, path }).projects;
          const projects = own.slice(0, NAMED_MAX).map(({ name }) => name);
          log.info({ requestId: id, projects }, 'a client asked for a project by a name that none has');
        }
        return listed;
      },
    });
  }
}

function registerUsers(signed: App, identity: IdentityService): void {
  signed.route({
    ...route('GET', '/v3/users', {
      ...operation('KeystoneListUsers', 'Lists the caller, the one user that it may see'),
      querystring: Type.Object({ name: Type.Optional(Type.String({ maxLength: 64 })) }),
      response: { 200: body(UsersResponse) },
    }),
    handler: async ({ baseUrl, caller, query }) => identity.listUsers(caller, { ...query, baseUrl }),
  });
}

const SubjectHeaders = Type.Object({ 'x-subject-token': Type.Optional(Type.String()) });

/** What is asked of a token in X-Subject-Token, and its end. */
function registerTokens(signed: App, identity: IdentityService): void {
  signed.route({
    ...iamRoute('DELETE', '/v3/auth/tokens', {
      ...operation('KeystoneRevokeToken', 'Ends the token in X-Subject-Token, one of the caller’s'),
      headers: SubjectHeaders,
      response: { 204: NoBody },
    }),
    handler: async ({ caller, deps, headers }, reply) => {
      const token = headers['x-subject-token'] ?? '';
      await identity.revokeToken(caller, token, (revocation) => storeRevocation(deps, revocation));
      return reply.code(204).send(undefined);
    },
  });
  signed.route({
    ...iamRoute('GET', '/v3/auth/tokens', {
      ...operation('KeystoneValidateToken', 'Shows what the token in X-Subject-Token says'),
      querystring: Type.Object({ nocatalog: Type.Optional(Type.String()) }),
      headers: SubjectHeaders,
      response: { 200: body(TokenResponse) },
    }),
    handler: async ({ baseUrl, caller, headers, query }, reply) => {
      const token = headers['x-subject-token'] ?? '';
      const noCatalog = query.nocatalog !== undefined;
      const claims = identity.showToken(caller, { token, baseUrl, noCatalog });
      reply.raw.setHeader('X-Subject-Token', token);
      return claims;
    },
  });
}

/** The identity service has one message for every body that it cannot read. */
function parseLogin(bytes: Buffer, code: ErrorCode = 'login-invalid'): unknown {
  try {
    return parseBody(bytes);
  } catch (cause) {
    throw new SecretError(code, '', { cause });
  }
}
