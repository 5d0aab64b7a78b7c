import { Ajv, type AnySchema, type ErrorObject, type ValidateFunction } from 'ajv';

/** The part of Ajv's functions that Fastify uses: the reasons stand in `errors` until the next check. */
interface Validate {
  (data: unknown): boolean;
  errors?: ErrorObject[] | null | undefined;
}

/**
 * Makes the checks of Fastify's routes. Bodies are taken as they are typed; a query is text, so its numbers are read from
 * text. A schema is compiled when its first request comes: most are never needed by one server, and all of them together
 * would take most of the start.
 */
export function createValidatorCompiler() {
  const common = { allErrors: false, strict: false, useDefaults: false, removeAdditional: false } as const;
  const body = new Ajv({ ...common, coerceTypes: false });
  const query = new Ajv({ ...common, coerceTypes: true });
  for (const ajv of [body, query]) ajv.addFormat('int64', true);
  return ({ schema, httpPart }: { schema: AnySchema; httpPart?: string | undefined }): ValidateFunction => {
    let compiled: Validate | undefined;
    const validate: Validate = (data) => {
      compiled ??= (httpPart === 'querystring' ? query : body).compile(schema);
      const isValid = compiled(data);
      validate.errors = compiled.errors;
      return isValid;
    };
    return validate as ValidateFunction;
  };
}
