import { type TSchema, Type } from '@sinclair/typebox';
import { Catalogue, Links } from './catalogue-schemas.ts';
import { Titled } from './schemas.ts';

const Name = Type.String({ maxLength: 128 });
const Named = Titled('IdentityReference', { id: Type.String(), name: Type.String() });
const OneOf = Type.Object({ id: Type.Optional(Name), name: Type.Optional(Name) });
const Listed = {
  id: Type.String(),
  name: Type.String(),
  enabled: Type.Boolean(),
  description: Type.String(),
  links: Type.Object({ self: Type.String() }),
};

const Scope = Type.Optional(
  Type.Object({
    project: Type.Optional(Type.Object({ ...OneOf.properties, domain: Type.Optional(OneOf) })),
    domain: Type.Optional(OneOf),
  }),
);

/** The request for a token, for the document only: the identity service checks the body, with errors that say less. */
export const TokenSchema = Titled('TokenRequest', {
  auth: Type.Object({
    identity: Type.Object({
      methods: Type.Array(Type.String(), { description: 'password, or token' }),
      password: Type.Optional(
        Type.Object({
          user: Type.Object({
            id: Type.Optional(Name),
            name: Type.Optional(Name),
            password: Type.String(),
            domain: Type.Optional(OneOf),
          }),
        }),
      ),
      token: Type.Optional(Type.Object({ id: Type.String() })),
    }),
    scope: Scope,
  }),
});

/** The request for a token in exchange for an ID token; for the document only, too. */
export const IdTokenSchema = Titled('CreateTokenWithIdTokenRequest', {
  auth: Type.Object({ id_token: Type.Object({ id: Type.String() }), scope: Scope }),
});

/** What a token says. */
export const TokenResponse = Titled('TokenResponse', {
  token: Type.Object({
    methods: Type.Array(Type.String()),
    issued_at: Type.String(),
    expires_at: Type.String(),
    user: Type.Object({
      ...Named.properties,
      domain: Named,
      password_expires_at: Type.String(),
      'OS-FEDERATION': Type.Optional(
        Type.Object({
          identity_provider: Type.Object({ id: Type.String() }),
          protocol: Type.Object({ id: Type.String() }),
          groups: Type.Array(Named),
        }),
      ),
    }),
    project: Type.Optional(Type.Object({ ...Named.properties, domain: Named })),
    domain: Type.Optional(Named),
    roles: Type.Array(Named),
    catalog: Catalogue,
  }),
});

/** The request for a temporary access key, for the document only, as that for a token. */
export const TemporaryKeySchema = Titled('TemporaryAccessKeyRequest', {
  auth: Type.Object({
    identity: Type.Object({
      methods: Type.Array(Type.String(), { description: 'token' }),
      token: Type.Optional(
        Type.Object({
          id: Type.Optional(Type.String({ description: 'Absent: the credentials are in the headers' })),
          duration_seconds: Type.Optional(
            Type.Union([Type.Integer(), Type.String()], { description: '900 to 86400; 900 by default' }),
          ),
        }),
      ),
      policy: Type.Optional(
        Type.Object({}, { description: 'A policy document that has to allow each request as well' }),
      ),
    }),
  }),
});

/** A temporary access key. */
export const TemporaryKeyResponse = Titled('TemporaryAccessKeyResponse', {
  credential: Type.Object({
    access: Type.String(),
    secret: Type.String(),
    securitytoken: Type.String({ description: 'For X-Security-Token, in every request with this key' }),
    expires_at: Type.String(),
  }),
});

/** The caller's projects. */
export const ProjectsResponse = Titled('ProjectsResponse', {
  projects: Type.Array(
    Type.Object({
      ...Listed,
      domain_id: Type.String(),
      parent_id: Type.String(),
      is_domain: Type.Boolean(),
    }),
  ),
  links: Links,
});
/** The caller's domain. */
export const DomainsResponse = Titled('DomainsResponse', {
  domains: Type.Array(Type.Object(Listed)),
  links: Links,
});
/** The caller. */
export const CallerIdentityResponse = Titled('GetCallerIdentityResponse', {
  account_id: Type.String({ description: 'The domain' }),
  principal_urn: Type.String(),
  principal_id: Type.String(),
});
const Texts = Type.Array(Type.String());
const KeysOfResource = { urn_template: Type.String(), required: Type.Boolean(), condition_keys: Texts };
/** What policies of a service can be about. */
export const AuthorizationSchemaResponse = Titled('GetAuthorizationSchemaV5Response', {
  version: Type.String(),
  actions: Type.Array(
    Type.Object({
      name: Type.String(),
      access_level: Type.String(),
      permission_only: Type.Boolean(),
      aliases: Texts,
      condition_keys: Texts,
      resources: Type.Array(Type.Object(KeysOfResource)),
    }),
  ),
  conditions: Type.Array(
    Type.Object({ key: Type.String(), value_type: Type.String(), multi_valued: Type.Boolean() }),
  ),
  operations: Type.Array(
    Type.Object({
      operation_id: Type.String(),
      operation_action: Type.String(),
      dependent_actions: Texts,
    }),
  ),
  resources: Type.Array(Type.Object({ type_name: Type.String(), urn_template: Type.String() })),
});
/** The identity service’s own error body. */
export const IdentityError = Titled('IdentityError', {
  error: Type.Object({ code: Type.Integer(), message: Type.String(), title: Type.String() }),
});

/** Users that the caller may see: itself. */
export const UsersResponse = Titled('UsersResponse', {
  users: Type.Array(Type.Object({ ...Listed, domain_id: Type.String(), password_expires_at: Type.String() })),
  links: Links,
});

/** The bodies are the identity service's; the schema documents them. */
export function body<T extends TSchema>(schema: T) {
  return Type.Unsafe<object>(schema);
}
