import { REFERENCE } from '../matrix/results.ts';
import type { OpenapiDocument, Operation, Schema } from './answers.ts';
import { parametersOf, sampleOf } from './bad-values.ts';

/** One operation of the API, with what a request for it is made from. */
export interface Target {
  readonly operationId: string;
  readonly method: string;
  /** The path with its parameters in braces. */
  readonly template: string;
  readonly operation: Operation;
  /** The schema of the body; undefined where none is declared. */
  readonly body: Schema | undefined;
}

/** The operations of CSMS and KMS, all below a version of the API. */
export function targetsOf(document: OpenapiDocument): Target[] {
  const all = Object.entries(document.paths).flatMap(([template, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({
      operationId: operation.operationId,
      method: method.toUpperCase(),
      template,
      operation,
      body: operation.requestBody?.content['application/json'].schema,
    })),
  );
  return all.filter(({ template }) => /^\/v1(\.0)?\//.test(template));
}

/** Where the refusals of an operation have their members: at the top, or in `error` as well. */
export function familyOf({
  operationId,
  template,
}: Pick<Target, 'operationId' | 'template'>): 'flat' | 'nested' {
  const known = REFERENCE.find((operation) => operation.operationId === operationId);
  return known?.errors ?? (template.startsWith('/v1.0/') ? 'nested' : 'flat');
}

/** A path with samples for its parameters; `changed` has some as they are sent, percent-encoded. */
export function requestPath(
  { template, operation }: Target,
  known: Readonly<Record<string, unknown>>,
  changed: Readonly<Record<string, string>>,
): string {
  const schemas = new Map(parametersOf(operation, 'path').map(({ name, schema }) => [name, schema]));
  return template.replaceAll(/\{(\w+)\}/g, (_, name: string) => {
    return changed[name] ?? encodeURIComponent(String(sampleOf(schemas.get(name) ?? {}, known, name)));
  });
}

/** The required parameters of the query, but for those that are changed: each is given once for every text of its list. */
export function requestQuery(
  { operation }: Target,
  known: Readonly<Record<string, unknown>>,
  changed: Readonly<Record<string, readonly string[]>>,
): string {
  const pairs = parametersOf(operation, 'query').flatMap(({ name, schema, required = false }) => {
    const values = changed[name] ?? (required ? [String(sampleOf(schema, known, name))] : []);
    return values.map((value) => `${name}=${encodeURIComponent(value)}`);
  });
  return pairs.length === 0 ? '' : `?${pairs.join('&')}`;
}
