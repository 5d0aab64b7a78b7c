import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import Fastify, {
  type FastifyBaseLogger,
  type FastifyError,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  LogController,
  type preValidationHookHandler,
} from 'fastify';
import { codeOf } from '../../core/errors.ts';
import { framesOf } from '../../http/requests/error-handler.ts';
import { parseBody } from '../../http/requests/hooks.ts';
import { createValidatorCompiler } from '../../http/requests/validation.ts';
import { nodeHttp } from '../../std/node-http.ts';
import type { TestWorld } from '../worlds/test-world.ts';
import type { TestWorlds } from '../worlds/test-worlds.ts';
import { useUntilClosed } from '../worlds/uses.ts';
import { CONTROL_STATUS, ControlError, worldTooLarge } from './control-error.ts';
import type { CheckAccess } from './protection.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** The world that the path names; of requests to the control API below `/_csms/worlds/:world`. */
    testWorld: TestWorld;
  }
  interface FastifyContextConfig {
    /** The body is a Buffer of something else than JSON, such as a seed. */
    takesBytes?: boolean;
  }
}

/** The server of the control API: its routes infer their types from TypeBox schemas. */
export type ControlApp = FastifyInstance<
  Server,
  IncomingMessage,
  ServerResponse,
  FastifyBaseLogger,
  TypeBoxTypeProvider
>;

/** Largest body, a seed's. */
const BODY_BYTES_MAX = 16 * 1_048_576;
/** What is read of a body that is too large, and for how long, before the response says so. */
const DISCARDED_BYTES_MAX = 256 * 1_048_576;
const DISCARD_MS_MAX = 10_000;
const HEADERS = Object.freeze({ 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' });

/** What the control API is built from. */
export interface ControlDeps {
  readonly checkAccess: CheckAccess;
  readonly worlds: TestWorlds;
  readonly log: FastifyBaseLogger;
  /** Adds the routes. */
  register(control: ControlApp): void;
}

/**
 * Builds the control API. It is a server of its own that does not listen: the one of the operations hands it the requests
 * below its path, so that neither sees what the other adds. Bodies are JSON whatever their Content-Type.
 */
export async function createControl(deps: ControlDeps): Promise<ControlApp> {
  const control = Fastify({
    serverFactory: (handler) => nodeHttp.createServer(handler),
    loggerInstance: deps.log,
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: BODY_BYTES_MAX,
    exposeHeadRoutes: false,
    routerOptions: { caseSensitive: true },
    schemaController: {
      compilersFactory: {
        buildValidator: createValidatorCompiler,
        buildSerializer: () => () => JSON.stringify,
      },
    },
    // For a path that the router does not read, no hook has run.
    frameworkErrors(_error, { headers }, reply) {
      reply.headers(HEADERS);
      try {
        deps.checkAccess(headers);
        respond(reply, noPath());
      } catch (error) {
        respond(reply, toControlError(error as ControlError));
      }
    },
  }).withTypeProvider<TypeBoxTypeProvider>();
  control.removeAllContentTypeParsers();
  control.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
  control.setErrorHandler((error: FastifyError, request, reply) => {
    const refusal = fullOf(request, error) ?? endOf(request, toControlError(error));
    if (refusal.code === 'internal')
      request.log.error({ type: error.name, stack: framesOf(error) }, 'control failed');
    if (refusal.code !== 'too-large') respond(reply, refusal);
    else void discardBody(request.raw).then(() => respond(reply, refusal));
  });
  control.setNotFoundHandler(() => {
    throw noPath();
  });
  control.addHook('onRequest', (request, reply, done) => {
    reply.headers(HEADERS);
    try {
      deps.checkAccess(request.headers);
      const { world } = request.params as { world?: string };
      if (world !== undefined) {
        request.testWorld = worldNamed(deps.worlds, world);
        useUntilClosed(deps.worlds, world, reply.raw);
      }
      // It decides nothing, and Fastify would refuse what it cannot read.
      delete request.headers['content-type'];
      done();
    } catch (error) {
      done(error as Error);
    }
  });
  control.addHook('preValidation', bodyReader(deps.worlds));
  control.decorateRequest('testWorld');
  deps.register(control);
  await control.ready();
  return control;
}

/** What fails because there is no room for the data; undefined for anything else. */
function fullOf({ testWorld }: FastifyRequest, error: FastifyError): ControlError | undefined {
  if (codeOf(error) !== 'storage-full') return undefined;
  if (testWorld?.from === null) return new ControlError('internal', 'no space is left for the data of main');
  return worldTooLarge();
}

/** What fails because its world has ended meanwhile is nobody's fault. */
function endOf({ testWorld }: FastifyRequest, refusal: ControlError): ControlError {
  const hasEnded = refusal.code === 'internal' && testWorld?.life.aborted === true;
  return hasEnded ? new ControlError('not-found', 'the world has ended or was reset meanwhile') : refusal;
}

/** The body is what the route takes; none is `{}`. While it came, its world may have been reset, and is another one then. */
function bodyReader(worlds: TestWorlds): preValidationHookHandler {
  return (request, _reply, done) => {
    const bytes = request.body instanceof Buffer ? request.body : Buffer.alloc(0);
    try {
      request.body = request.routeOptions.config.takesBytes === true ? bytes : (parseBody(bytes) ?? {});
      if (request.testWorld !== undefined) request.testWorld = worldNamed(worlds, request.testWorld.name);
      done();
    } catch (error) {
      const isOurs = error instanceof ControlError;
      done(isOurs ? error : new ControlError('invalid', 'the body must be JSON in UTF-8'));
    }
  };
}

/**
 * Reads what is left of a body and keeps none of it: most clients send all before they read a response, and would see
 * their connection break instead. Settles when the body has ended, and at the latest when it has become too long for that.
 */
async function discardBody(body: IncomingMessage): Promise<void> {
  if (body.readableEnded) return;
  let bytes = 0;
  const isOver = Promise.withResolvers<void>();
  body.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > DISCARDED_BYTES_MAX) isOver.resolve();
  });
  for (const end of ['end', 'close']) body.once(end, () => isOver.resolve());
  await Promise.race([isOver.promise, sleep(DISCARD_MS_MAX, undefined, { ref: false })]);
}

function worldNamed(worlds: TestWorlds, name: string): TestWorld {
  const found = worlds.find(name);
  if (found === undefined) throw new ControlError('not-found', 'there is no world of this name');
  return found;
}

function noPath(): ControlError {
  return new ControlError('not-found', 'the control API has no such path or method');
}

function respond(reply: Pick<FastifyReply, 'code'>, { code, message, more }: ControlError): void {
  reply.code(CONTROL_STATUS[code]).send({ ...more, error_code: code, error_msg: message });
}

/** Any error as one of ours. A foreign error's text may quote the request, and is dropped. */
function toControlError(error: FastifyError | ControlError): ControlError {
  if (error instanceof ControlError) return error;
  if ('validation' in error && error.validation) {
    const [first] = error.validation;
    const { additionalProperty, missingProperty } = (first?.params ?? {}) as Record<
      string,
      string | undefined
    >;
    const path = [...(first?.instancePath ?? '').split('/').slice(1), additionalProperty ?? missingProperty];
    const member =
      path
        .filter((part) => part !== undefined)
        .join('.')
        .slice(0, 64) || error.validationContext;
    const rule = additionalProperty
      ? 'is not a member here'
      : missingProperty
        ? 'is required'
        : first?.message;
    return new ControlError('invalid', `${member} ${rule}`);
  }
  if (error.code === 'FST_ERR_CTP_BODY_TOO_LARGE') {
    return new ControlError('too-large', 'the body has more than 16 MiB');
  }
  if ((error.statusCode ?? 500) < 500) return new ControlError('invalid', 'request is malformed');
  return new ControlError('internal', 'something went wrong; the log says what');
}
