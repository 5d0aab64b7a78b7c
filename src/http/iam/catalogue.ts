import { Type } from '@sinclair/typebox';
import type { IdentityService } from '../../app/ports/deps.ts';
import type { App } from '../app.ts';
import {
  CatalogResponse,
  EndpointsResponse,
  ServicesResponse,
  VersionResponse,
} from '../wire/catalogue-schemas.ts';
import { body } from '../wire/identity-schemas.ts';
import { operation, route } from '../wire/operation.ts';

const Name = Type.Optional(Type.String({ maxLength: 64 }));

/** The version document; without credentials, since clients ask for it before they log in. */
export function registerVersion(app: App, identity: IdentityService): void {
  for (const url of ['/v3', '/v3/']) {
    app.route({
      ...route('GET', url, {
        ...operation('KeystoneShowVersion', 'Shows the version of the identity service'),
        security: [],
        // One operation under two paths: the second is not documented.
        hide: url !== '/v3',
        response: { 200: body(VersionResponse) },
      }),
      handler: async ({ baseUrl }) => identity.showVersion({ baseUrl }),
    });
  }
}

/** The services and their endpoints, for clients that look them up. The routes need credentials. */
export function registerCatalogue(signed: App, identity: IdentityService): void {
  signed.route({
    ...route('GET', '/v3/auth/catalog', {
      ...operation('KeystoneShowCatalog', 'Shows the catalogue that tokens hold'),
      response: { 200: body(CatalogResponse) },
    }),
    handler: async ({ baseUrl }) => identity.showCatalog({ baseUrl }),
  });
  signed.route({
    ...route('GET', '/v3/services', {
      ...operation('KeystoneListServices', 'Lists the services of the catalogue'),
      querystring: Type.Object({ type: Name }),
      response: { 200: body(ServicesResponse) },
    }),
    handler: async ({ baseUrl, query }) => identity.listServices({ ...query, baseUrl }),
  });
  signed.route({
    ...route('GET', '/v3/endpoints', {
      ...operation('KeystoneListEndpoints', 'Lists the endpoints of the catalogue'),
      querystring: Type.Object({ interface: Name, service_id: Name }),
      response: { 200: body(EndpointsResponse) },
    }),
    handler: async ({ baseUrl, query }) => identity.listEndpoints({ ...query, baseUrl }),
  });
}
