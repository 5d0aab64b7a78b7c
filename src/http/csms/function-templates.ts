import { type Static, Type } from '@sinclair/typebox';
import { invalidParameter } from '../../core/errors.ts';
import {
  type FunctionTemplates,
  ROTATION_ENGINES,
  ROTATION_SUB_TYPES,
  type RotationEngine,
} from '../../core/rotation/rotation.ts';
import { SECRET_TYPES, type SecretTypeFacts } from '../../core/secrets/types.ts';
import type { App } from '../app.ts';
import { operation, route } from '../wire/operation.ts';
import { OneOf, RotatedType, Titled } from '../wire/schemas.ts';

const TemplateQuery = Type.Object({
  secret_type: RotatedType,
  secret_sub_type: OneOf(ROTATION_SUB_TYPES, 'One account that gets new passwords, or two that take turns'),
  engine: Type.Optional(OneOf(ROTATION_ENGINES, 'Required for RDS-FG, not possible for GaussDB-FG')),
});
const TemplateResponse = Titled('ShowSecretFunctionTemplatesResponse', {
  function_templates: Type.String({ description: 'Source text of a function for Node' }),
});

/** ShowSecretFunctionTemplates. */
export function registerFunctionTemplates(api: App, templates: FunctionTemplates): void {
  api.route({
    ...route('GET', '/v1/csms/function-templates', {
      ...operation('ShowSecretFunctionTemplates', 'Shows the source of a function for the rotation webhook'),
      querystring: TemplateQuery,
      response: { 200: TemplateResponse },
    }),
    handler: async ({ query }) => ({
      function_templates: templates.textFor({ subType: query.secret_sub_type, engine: engineOf(query) }),
    }),
  });
}

function engineOf({ secret_type: secretType, engine }: Static<typeof TemplateQuery>): RotationEngine {
  const { engine: known }: SecretTypeFacts = SECRET_TYPES[secretType];
  if (known === undefined || known === 'given') {
    if (engine !== undefined) return engine;
    throw invalidParameter('engine', `is required for secrets of type ${secretType}`);
  }
  if (engine === undefined) return known;
  throw invalidParameter('engine', `is not possible for secrets of type ${secretType}`);
}
