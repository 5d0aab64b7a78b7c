import { Ajv, type AnySchema, type ErrorObject, type ValidateFunction } from 'ajv';

/** The part of Ajv's functions that Fastify uses: the reasons are in `errors` until the next check. */
interface Validate {
  (data: unknown): boolean;
  errors?: ErrorObject[] | null | undefined;
}

/** A number in a query: other spellings that JavaScript accepts are not numbers elsewhere. */
const DIGITS = /^[0-9]{1,15}$/;

/**
 * Creates the validation of Fastify's routes. Bodies are checked as they are typed; a query is text, so its numbers are
 * read from decimal digits. A schema is compiled at its first request: one server never needs most of them, and all
 * together would take most of the start.
 */
export function createValidatorCompiler() {
  const ajv = new Ajv({
    allErrors: false,
    strict: false,
    useDefaults: false,
    removeAdditional: false,
    coerceTypes: false,
    // The schemas are this program's, and a test checks them: the meta-schema is not needed.
    meta: false,
    validateSchema: false,
  });
  ajv.addFormat('int64', true);
  return ({ schema, httpPart }: { schema: AnySchema; httpPart?: string | undefined }): ValidateFunction => {
    const numbers = httpPart === 'querystring' ? numbersOf(schema) : [];
    let compiled: Validate | undefined;
    const validate: Validate = (data) => {
      compiled ??= ajv.compile(schema);
      readNumbers(data, numbers);
      const isValid = compiled(data);
      validate.errors = compiled.errors;
      return isValid;
    };
    return validate as ValidateFunction;
  };
}

/** The names of the parameters that are numbers. */
function numbersOf(schema: AnySchema): readonly string[] {
  const { properties = {} } = schema as { properties?: Record<string, { type?: string }> };
  return Object.entries(properties).flatMap(([name, { type }]) => (type === 'integer' ? [name] : []));
}

/** What is not made of digits stays text, which the check then refuses. */
function readNumbers(data: unknown, names: readonly string[]): void {
  const query = data as Record<string, unknown>;
  for (const name of names) {
    const text = query[name];
    if (typeof text === 'string' && DIGITS.test(text)) query[name] = Number(text);
  }
}
