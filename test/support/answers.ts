import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import { parse } from 'yaml';
import { generateOpenapi } from '../../src/compose/openapi.ts';
import { PARAMETER_CHARACTERS_MAX } from '../../src/http/wire/limits.ts';
import type { Answer, TestRequest } from './exchange.ts';

/** The parts of the OpenAPI document that tests look at. */
export interface OpenapiDocument {
  readonly openapi: string;
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly security: readonly object[];
  readonly components: { readonly securitySchemes: Readonly<Record<string, object>> };
}

/** One operation of the document. */
export interface Operation {
  readonly operationId: string;
  readonly tags: readonly string[];
  readonly security?: readonly object[];
  readonly parameters?: readonly {
    readonly in: string;
    readonly name: string;
    readonly required?: boolean;
    readonly schema: Schema;
  }[];
  readonly requestBody?: {
    readonly required?: boolean;
    readonly content: { readonly 'application/json': { readonly schema: Schema } };
  };
  readonly responses: Readonly<Record<string, ResponseEntry>>;
}

interface ResponseEntry {
  readonly content?: { readonly 'application/json': { readonly schema: Schema } };
}

/** A JSON schema, as far as bad input is made from it. */
export interface Schema {
  readonly type?: string | readonly string[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly items?: Schema;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly pattern?: string;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly minimum?: number;
  readonly maximum?: number;
}

let document: Promise<OpenapiDocument> | undefined;
const ajv = new Ajv2020({ strict: false, formats: { int64: true } });
const validators = new Map<Schema, ValidateFunction>();

/** The document that the routes give, its references resolved; read once for each test file. */
export function openapiDocument(): Promise<OpenapiDocument> {
  document ??= generateOpenapi().then((text) => {
    const parsed = parse(text) as OpenapiDocument;
    return resolved(parsed, parsed) as OpenapiDocument;
  });
  return document;
}

interface Route {
  readonly pattern: RegExp;
  readonly methods: Readonly<Record<string, Operation>>;
}

/** Every path of the document with the requests that it is for; as in the router, a word wins over a parameter in its place. */
let routes: readonly Route[] | undefined;

/** The operation that a request is for; undefined where none is declared. */
export async function operationOf({
  method,
  path,
}: Pick<TestRequest, 'method' | 'path'>): Promise<Operation | undefined> {
  routes ??= Object.entries((await openapiDocument()).paths)
    .sort(([one], [other]) => one.split('{').length - other.split('{').length)
    .map(([template, methods]) => ({
      pattern: new RegExp(`^${template.replaceAll('.', '\\.').replaceAll(/\{[^}]+\}/g, '[^/]+')}$`),
      methods,
    }));
  const [place = ''] = path.split('?');
  const name = method.toLowerCase();
  return routes.find(({ pattern, methods }) => methods[name] !== undefined && pattern.test(place))?.methods[
    name
  ];
}

/**
 * Fails unless the answer has the headers of every answer, and a body that the operation's response schema allows.
 */
export async function checkAnswer(
  request: Pick<TestRequest, 'method' | 'path'>,
  answer: Omit<Answer, 'bytes'>,
): Promise<void> {
  const problems = [...headerProblems(answer), ...(await bodyProblems(request, answer))];
  if (problems.length === 0) return;
  const what = `${request.method} ${request.path.slice(0, 120)} -> ${answer.status} ${answer.text.slice(0, 300)}`;
  throw new Error(`${what}\n${problems.join('\n')}`);
}

/** The node with every `#/a/b` reference replaced by what it points to. */
function resolved(node: unknown, root: unknown): unknown {
  if (Array.isArray(node)) return node.map((entry) => resolved(entry, root));
  if (typeof node !== 'object' || node === null) return node;
  if ('$ref' in node && typeof node.$ref === 'string') {
    let target: unknown = root;
    for (const key of node.$ref.split('/').slice(1)) target = (target as Record<string, unknown>)[key];
    if (target === undefined) throw new Error(`${node.$ref} leads nowhere`);
    return resolved(target, root);
  }
  return Object.fromEntries(Object.entries(node).map(([key, value]) => [key, resolved(value, root)]));
}

function headerProblems({ headers, text }: Omit<Answer, 'bytes'>): string[] {
  const wanted: Readonly<Record<string, RegExp>> = {
    'x-request-id': /^[0-9a-f]{32}$/,
    'cache-control': /^no-store$/,
    'x-content-type-options': /^nosniff$/,
    'content-security-policy': /^default-src 'none'; frame-ancestors 'none'$/,
    'referrer-policy': /^no-referrer$/,
    ...(text !== '' && { 'content-type': /^application\/json(; ?charset=utf-8)?$/ }),
  };
  const wrong = Object.entries(wanted).filter(([name, pattern]) => !pattern.test(headers[name] ?? ''));
  const revealing = ['server', 'x-powered-by', 'etag'].filter((name) => headers[name] !== undefined);
  return [
    ...wrong.map(([name]) => `header ${name}: ${headers[name]}`),
    ...revealing.map((name) => `header ${name} tells something`),
  ];
}

async function bodyProblems(
  request: Pick<TestRequest, 'method' | 'path'>,
  answer: Omit<Answer, 'bytes'>,
): Promise<string[]> {
  const { status, json } = answer;
  const operation = isRoutable(request.path) ? await operationOf(request) : undefined;
  if (operation === undefined)
    return status < 400 ? ['an answer of an undeclared operation'] : flatErrorProblems(answer);
  const entry = operation.responses[status] ?? operation.responses[`${Math.floor(status / 100)}XX`];
  if (entry === undefined) return [`status ${status} is not declared`];
  const schema = entry.content?.['application/json'].schema;
  if (schema === undefined || schema.type === 'null')
    return json === undefined ? [] : ['a body where none is declared'];
  if (json === undefined) return ['no body where one is declared'];
  return schemaProblems(schema, json);
}

/** Whether the router looks for an operation at all: what it refuses before has the shape of none. */
function isRoutable(path: string): boolean {
  try {
    const [route = ''] = path.split('?');
    return route.split('/').every((part) => decodeURIComponent(part).length <= PARAMETER_CHARACTERS_MAX);
  } catch {
    return false;
  }
}

/** Keys beyond the schema's are a fault too: clients would come to rely on them. */
function schemaProblems(schema: Schema, value: unknown): string[] {
  let validate = validators.get(schema);
  if (validate === undefined) {
    validate = ajv.compile(closed(schema));
    validators.set(schema, validate);
  }
  return validate(value) ? [] : [ajv.errorsText(validate.errors)];
}

function closed(schema: Schema): Schema {
  const { properties, items } = schema;
  const isOpen = properties === undefined || Object.keys(properties).length === 0;
  return {
    ...schema,
    ...(properties && {
      properties: Object.fromEntries(
        Object.entries(properties).map(([name, inner]) => [name, closed(inner)]),
      ),
    }),
    ...(items && { items: closed(items) }),
    ...(!isOpen && { additionalProperties: false }),
  };
}

function flatErrorProblems({ json, text }: Omit<Answer, 'bytes'>): string[] {
  // A HEAD has no body.
  if (text === '') return [];
  const fits = typeof json?.error_code === 'string' && typeof json?.error_msg === 'string';
  return fits ? [] : ['an error without error_code and error_msg'];
}
