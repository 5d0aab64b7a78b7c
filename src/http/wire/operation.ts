import { type TObject, type TSchema, Type } from '@sinclair/typebox';
import type { FastifyContextConfig } from 'fastify';
import { OPERATIONS, type OperationId } from '../../core/operations.ts';
import type { ErrorFamily } from '../requests/context.ts';
import { ErrorBody, EventName, NestedErrorBody, ProjectId, SecretName, StageName } from './schemas.ts';

/** The part of a route's schema that names and describes its operation in the OpenAPI document. */
export function operation(operationId: OperationId, summary: string) {
  return { operationId, tags: [OPERATIONS[operationId].tag], summary };
}

/** What a route says of itself beside its method and URL; `response` has only its success. */
interface RouteParts extends ReturnType<typeof operation> {
  readonly querystring?: TSchema;
  readonly headers?: TSchema;
  readonly body?: TSchema;
  readonly response: Readonly<Record<number, TSchema>>;
  readonly security?: [];
  readonly hide?: boolean;
  readonly config?: FastifyContextConfig;
}

type Parameters = Readonly<Record<string, TSchema>>;
type NamesIn<Url extends string> = Url extends `${string}:${infer Rest}`
  ? Rest extends `${infer Name}/${infer More}`
    ? Name | NamesIn<More>
    : Rest
  : never;

/**
 * Creates the function that declares the routes of a service: each has the parameters that its URL names, and one error
 * body for everything but its success. The rules check what parameters hold, so that all clients get the same error.
 */
export function routesOf<P extends Parameters>(errorFamily: ErrorFamily, errorBody: TSchema, parameters: P) {
  const known = new Map<string, TObject>();
  /** One schema for all URLs that name the same parameters: each is compiled by itself. */
  const paramsOf = (url: string): TObject => {
    const names: readonly string[] = url.match(/(?<=:)\w+/g) ?? [];
    const schema = known.get(names.join()) ?? Type.Pick(Type.Object(parameters), names);
    known.set(names.join(), schema);
    return schema;
  };
  return <const M extends 'GET' | 'POST' | 'PUT' | 'DELETE', Url extends string, S extends RouteParts>(
    method: M,
    url: Url,
    { config, ...parts }: S,
  ) => ({
    method,
    url,
    config: { errorFamily, ...config },
    schema: {
      ...parts,
      // Made from the names in the URL, as its type is.
      params: paramsOf(url) as TObject<Pick<P, NamesIn<Url> & keyof P>>,
      response: { ...(parts.response as S['response']), '4xx': errorBody, '5xx': errorBody },
    },
  });
}

const PARAMETERS = {
  project_id: ProjectId,
  secret_name: SecretName,
  version_id: Type.String({ description: 'v1, v2, v3 …' }),
  stage_name: StageName,
  event_name: EventName,
  secret_id: Type.String({ pattern: '^[0-9a-zA-Z-]{36}$', description: 'Id of the secret' }),
  key: Type.String({ description: 'Key of the tag, percent-encoded' }),
  user_id: Type.String(),
  service_code: Type.String({ description: 'csms, kms or cts' }),
};

/** Declares a route with its method, its URL and what else is true of it. */
export const route = routesOf('flat', ErrorBody, PARAMETERS);
/** As `route`, for operations of the error family `nested`. */
export const nestedRoute = routesOf('nested', NestedErrorBody, PARAMETERS);
