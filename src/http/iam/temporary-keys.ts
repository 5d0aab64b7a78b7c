import { Type } from '@sinclair/typebox';
import { SecretError, unavailable } from '../../core/errors.ts';
import type { App } from '../app.ts';
import { parseBody, rawRequestOf, requireMediaType } from '../requests/hooks.ts';
import type { ServerOptions } from '../server-options.ts';
import { body, IdentityError, TemporaryKeyResponse, TemporaryKeySchema } from '../wire/identity-schemas.ts';
import { LOGIN_BODY_BYTES_MAX } from '../wire/limits.ts';
import { operation, routesOf } from '../wire/operation.ts';

const iamRoute = routesOf('iam', IdentityError, {});

/**
 * An access key for a while. Its credentials may be in the headers or in the body, so the route has no authentication of
 * its own.
 */
export function registerTemporaryKeys(
  app: App,
  { takeRequest, temporaryKeys }: Pick<ServerOptions, 'takeRequest' | 'temporaryKeys'>,
): void {
  app.route({
    ...iamRoute('POST', '/v3.0/OS-CREDENTIAL/securitytokens', {
      ...operation(
        'CreateTemporaryAccessKeyByToken',
        'Issues a temporary access key for a token, in a header or the body, or for a signed request',
      ),
      headers: Type.Object({ 'x-auth-token': Type.Optional(Type.String()) }),
      body: TemporaryKeySchema,
      response: { 201: body(TemporaryKeyResponse) },
    }),
    bodyLimit: LOGIN_BODY_BYTES_MAX,
    attachValidation: true,
    onRequest: async (request) => requireMediaType(request),
    handler: async (request, reply) => {
      const issued = temporaryKeys.issue({
        request: rawRequestOf(request),
        body: () => readBody(request.rawBody),
        admit(owner) {
          // The credentials became valid while the body was discarded: a retry will succeed.
          if (request.isBodyDropped) throw unavailable('its credentials became good too late for its body');
          takeRequest(owner);
        },
      });
      return reply.code(201).send(issued);
    },
  });
}

function readBody(bytes: Buffer): unknown {
  try {
    return parseBody(bytes);
  } catch (cause) {
    throw new SecretError('login-invalid', '', { cause });
  }
}
