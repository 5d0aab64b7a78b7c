import { type Static, Type } from '@sinclair/typebox';
import type { FunctionTemplates, RotationEngine } from '../app/ports.ts';
import { invalidParameter } from '../core/errors.ts';
import { RotatedType } from './agencies.ts';
import type { App } from './app.ts';
import { operation } from './operation.ts';
import { responses } from './schemas.ts';

const TemplateQuery = Type.Object({
  secret_type: RotatedType,
  secret_sub_type: Type.Unsafe<'SingleUser' | 'MultiUser'>({
    type: 'string',
    enum: ['SingleUser', 'MultiUser'],
    description: 'One account that gets new passwords, or two that take turns',
  }),
  engine: Type.Optional(
    Type.Unsafe<RotationEngine>({
      type: 'string',
      enum: ['mysql', 'postgresql', 'sqlserver'],
      description: 'Required for RDS-FG, not possible for GaussDB-FG',
    }),
  ),
});
const TemplateAnswer = Type.Object(
  { function_templates: Type.String({ description: 'Source text of a function for Node' }) },
  { title: 'ShowSecretFunctionTemplatesResponse' },
);

/** ShowSecretFunctionTemplates. */
export function registerFunctionTemplates(api: App, templates: FunctionTemplates): void {
  api.route({
    method: 'GET',
    url: '/v1/csms/function-templates',
    schema: {
      ...operation(
        'ShowSecretFunctionTemplates',
        'Shows the source of a function that answers the rotation webhook',
      ),
      querystring: TemplateQuery,
      response: responses({ 200: TemplateAnswer }),
    },
    handler: async ({ query }) => ({
      function_templates: templates.textFor({ subType: query.secret_sub_type, engine: engineOf(query) }),
    }),
  });
}

/** GaussDB-FG means TaurusDB, which speaks MySQL's protocol. */
function engineOf({ secret_type: secretType, engine }: Static<typeof TemplateQuery>): RotationEngine {
  if (secretType === 'GaussDB-FG') {
    if (engine === undefined) return 'mysql';
    throw invalidParameter('engine', 'is not possible for secrets of type GaussDB-FG');
  }
  if (engine === undefined) throw invalidParameter('engine', 'is required for secrets of type RDS-FG');
  return engine;
}
