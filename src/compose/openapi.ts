import swagger, { type FastifyDynamicSwaggerOptions } from '@fastify/swagger';
import pino from 'pino';
import { stringify } from 'yaml';
import { readVersion } from '../config/version.ts';
import { OPERATIONS } from '../core/operations.ts';
import { addOperations, createApp } from '../http/server.ts';
import type { ServerOptions } from '../http/server-options.ts';

/** Stands in for the parts that routes use only when they are called. */
const ABSENT = undefined as never;

const OPTIONS: ServerOptions = {
  newRequestId: ABSENT,
  authenticator: ABSENT,
  readClaim: ABSENT,
  identity: ABSENT,
  temporaryKeys: ABSENT,
  users: ABSENT,
  functionTemplates: ABSENT,
  depsFor: ABSENT,
  readiness: ABSENT,
  takeRequest: ABSENT,
  certificate: ABSENT,
  metrics: undefined,
  servesMetrics: false,
  isTrustedProxy: ABSENT,
  connectionsAllowed: 1,
  giveMemoryBack: ABSENT,
  site: ABSENT,
  log: pino({ level: 'silent' }),
  notFoundStatus: 404,
  tls: undefined,
};

/**
 * The OpenAPI 3.1 document of the server's routes, as YAML. It is made from the schemas that check requests and serialise
 * responses, so it says what the server does.
 */
export async function generateOpenapi(): Promise<string> {
  const server = createApp(OPTIONS);
  await server.app.register(swagger, { openapi: describe() });
  const bodyOptional = new Set<string>();
  server.app.addHook('onRoute', ({ config, schema }) => {
    if (config?.isBodyOptional === true) bodyOptional.add(schema?.operationId ?? '');
  });
  const app = await addOperations(server, OPTIONS);
  await app.ready();
  const document = app.swagger();
  for (const operation of operationsOf(document.paths)) {
    // The library declares every body required.
    if (bodyOptional.has(operation.operationId)) operation.requestBody.required = false;
  }
  await app.close();
  const schemas: Record<string, unknown> = {};
  const paths = withReferences(document.paths, schemas);
  const named = {
    ...document,
    components: { ...(document as { components?: object }).components, schemas },
    paths,
  };
  return stringify(named, { lineWidth: 0, aliasDuplicateObjects: false });
}

interface WithBody {
  readonly operationId: string;
  readonly requestBody: { required: boolean };
}

/** Those that have a body. */
function operationsOf(paths: object = {}): WithBody[] {
  // The library's types are those of two versions of OpenAPI at once.
  const byPath = paths as Record<string, Record<string, Partial<WithBody>>>;
  const operations = Object.values(byPath).flatMap((methods) => Object.values(methods));
  return operations.filter((operation): operation is WithBody => operation.requestBody !== undefined);
}

/** What the routes themselves do not say. */
function describe(): NonNullable<FastifyDynamicSwaggerOptions['openapi']> {
  return {
    openapi: '3.1.0',
    info: {
      title: 'csms-server',
      description:
        'A self-hosted server that speaks the CSMS v1 API, with the slices of IAM and KMS that its clients need.',
      version: readVersion(),
      license: { name: 'MIT', identifier: 'MIT' },
    },
    servers: [{ url: 'http://127.0.0.1:4280' }],
    tags: [...new Set(Object.values(OPERATIONS).map(({ tag }) => tag))].map((name) => ({ name })),
    components: {
      securitySchemes: {
        token: {
          type: 'apiKey',
          in: 'header',
          name: 'X-Auth-Token',
          description: 'From POST /v3/auth/tokens',
        },
        signature: {
          type: 'apiKey',
          in: 'header',
          name: 'Authorization',
          description: 'SDK-HMAC-SHA256 or V11-HMAC-SHA256 signature, with X-Sdk-Date',
        },
      },
    },
    security: [{ token: [] }, { signature: [] }],
  };
}

/**
 * Moves every schema that has a title to the document's named schemas, so that a client generator makes one type of each.
 * Throws when two different schemas have one title.
 */
function withReferences(node: unknown, schemas: Record<string, unknown>): unknown {
  if (Array.isArray(node)) return node.map((entry) => withReferences(entry, schemas));
  if (typeof node !== 'object' || node === null) return node;
  const entries = Object.entries(node).map(([key, value]) => [key, withReferences(value, schemas)] as const);
  const copy: Record<string, unknown> = Object.fromEntries(entries);
  if (copy.description === 'Default Response')
    copy.description = 'content' in copy ? 'The response' : 'No body';
  if (typeof copy.title !== 'string') return copy;
  const present = schemas[copy.title];
  if (present !== undefined && stringify(present) !== stringify(copy)) {
    throw new Error(`two schemas are called ${copy.title}`);
  }
  schemas[copy.title] = copy;
  return { $ref: `#/components/schemas/${copy.title}` };
}
