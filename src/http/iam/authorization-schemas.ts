import { SecretError } from '../../core/errors.ts';
import { SERVICES } from '../../core/policy/actions.ts';
import { authorizationSchema } from '../../core/policy/schema.ts';
import type { App } from '../app.ts';
import { AuthorizationSchemaResponse } from '../wire/identity-schemas.ts';
import { operation, route } from '../wire/operation.ts';

/** What policies can be about, for each service that has actions. It needs credentials, and no permission. */
export function registerAuthorizationSchemas(signed: App): void {
  const schemas = new Map<string, ReturnType<typeof authorizationSchema>>(
    SERVICES.map((service) => [service, authorizationSchema(service)]),
  );
  signed.route({
    ...route('GET', '/v5/authorization-schemas/services/:service_code', {
      ...operation('GetAuthorizationSchemaV5', 'Describes what policies of a service can be about'),
      response: { 200: AuthorizationSchemaResponse },
    }),
    handler: async ({ params }) => {
      const schema = schemas.get(params.service_code);
      if (schema === undefined) throw new SecretError('resource-not-found');
      return schema;
    },
  });
}
