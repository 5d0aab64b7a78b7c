import type { RequestListener } from 'node:http';
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import Fastify, { LogController, type onRequestHookHandler } from 'fastify';
import type { App } from './app.ts';
import { createBodyReader } from './connections/bodies.ts';
import { answerClientError } from './connections/client-error.ts';
import { createHttpServer } from './connections/http-server.ts';
import { checkTarget, readQuery } from './connections/target.ts';
import { boundUnreadResponses } from './connections/unread-responses.ts';
import { createWrongProtocol } from './connections/wrong-protocol.ts';
import { registerCertificate } from './csms/notifications.ts';
import { registerIdentity, registerLogin } from './iam/identity.ts';
import { registerHealth } from './observability/health.ts';
import { registerMetrics } from './observability/metrics.ts';
import { requireAccess } from './requests/access.ts';
import { NO_BODY } from './requests/context.ts';
import { createRequestEnds, labelsOf, type RequestEnds } from './requests/ends.ts';
import { guardEntrance } from './requests/entrance.ts';
import { createErrorHandler } from './requests/error-handler.ts';
import * as hooks from './requests/hooks.ts';
import { routeNotFound } from './requests/not-found.ts';
import { refuseOtherMethods } from './requests/other-methods.ts';
import { separatePhases } from './requests/phases.ts';
import { addRequestProperties } from './requests/properties.ts';
import { createValidatorCompiler } from './requests/validation.ts';
import { registerRoutes } from './routes.ts';
import type { ServerOptions } from './server-options.ts';
import * as limits from './wire/limits.ts';

/**
 * Builds the HTTP server; the caller makes it listen. Tests use the same function, so they run what production runs.
 */
export function buildServer(options: ServerOptions): Promise<App> {
  return addOperations(createApp(options), options);
}

/** A server without routes, and the record of how its requests end. */
interface Bare {
  readonly app: App;
  readonly ends: RequestEnds;
}

/** Adds all routes. */
export async function addOperations({ app, ends }: Bare, options: ServerOptions): Promise<App> {
  app.setErrorHandler(createErrorHandler({ notFoundStatus: options.notFoundStatus }));
  app.setNotFoundHandler((request) => {
    throw routeNotFound(request);
  });
  app.removeAllContentTypeParsers();
  // The body has been read: see addHooks.
  app.addContentTypeParser('*', (request, _payload, done) => done(null, request.rawBody));
  addHooks(app, options, ends);
  const otherMethods = refuseOtherMethods(app);
  registerHealth(app, options);
  registerCertificate(app, options);
  if (options.servesMetrics && options.metrics !== undefined) registerMetrics(app, options.metrics);
  await app.register(async (login: App) => registerLogin(login, options));
  await app.register(async (signed: App) => registerSigned(signed, options));
  otherMethods.register();
  return app;
}

/** Creates the server that `addOperations` completes; a watcher of routes can be added in between. */
export function createApp(options: ServerOptions): Bare {
  const ends = createRequestEnds(options.requestLog, options.metrics);
  const errorHandler = createErrorHandler({ notFoundStatus: options.notFoundStatus });
  const wrongProtocol = createWrongProtocol(options.log);
  const app = Fastify({
    serverFactory: (handler) => createHttpServer(besideOperations(handler, options.additions), options.tls),
    loggerInstance: options.log,
    // One logger for all: our own hook writes request lines, from an allow-list.
    childLoggerFactory: (logger) => logger,
    logController: new LogController({ disableRequestLogging: true }),
    genReqId: options.newRequestId,
    requestIdHeader: false,
    // Fastify would trust X-Forwarded-Host and -Proto too, and accept any text as an address; `ip` is ours.
    trustProxy: false,
    exposeHeadRoutes: false,
    // Fastify's response would have another shape and no request id; our hook says the same.
    return503OnClosing: false,
    bodyLimit: limits.BODY_BYTES_MAX,
    routerOptions: {
      maxParamLength: limits.PARAMETER_CHARACTERS_MAX,
      caseSensitive: true,
      querystringParser: (query) => readQuery(query),
    },
    clientErrorHandler: (error, socket) => {
      wrongProtocol.watchPlain(error, socket);
      answerClientError(error, socket, ends);
    },
    // Fastify's own compilers are not even loaded. The handlers' types define the responses; a serializer compiled for
    // each route would take memory and time at the start.
    schemaController: {
      compilersFactory: {
        buildValidator: createValidatorCompiler,
        buildSerializer: () => () => JSON.stringify,
      },
    },
    frameworkErrors: (error, request, reply) => {
      ends.watch(request, reply);
      hooks.setResponseHeaders(request, reply, options.tls !== undefined);
      errorHandler(error, request, reply);
    },
  }).withTypeProvider<TypeBoxTypeProvider>();
  return { app, ends };
}

function besideOperations(handler: RequestListener, additions: ServerOptions['additions']): RequestListener {
  if (additions === undefined) return handler;
  return (request, response) => {
    if (!additions.takeRequest(request, response)) handler(request, response);
  };
}

function addHooks(app: App, options: ServerOptions, ends: RequestEnds): void {
  const tls = options.tls !== undefined;
  addRequestProperties(app, options);
  const admit = guardEntrance(app, options);
  app.addHook('onRequest', (request, reply, done) => {
    ends.watch(request, reply);
    request.rawBody = NO_BODY;
    hooks.setResponseHeaders(request, reply, tls);
    try {
      checkTarget(request.url);
      hooks.checkHeaders(request.raw);
      options.site.check(request.raw);
      admit(request, reply);
      hooks.checkMediaType(request);
    } catch (error) {
      done(error as Error);
      return;
    }
    done();
  });
  boundUnreadResponses(app, separatePhases);
  const readBody = createBodyReader(options.readClaim);
  app.addHook('preParsing', (request, reply, payload, done) => {
    readBody(request, reply, (error) => done(error ?? null, payload));
  });
  app.addHook('onRoute', (route) => {
    const labels = labelsOf(route);
    // Reading a request's routeOptions creates them anew each time.
    const label: onRequestHookHandler = (request, _reply, done) => {
      request.labels = labels;
      done();
    };
    route.onRequest = [label, ...[route.onRequest ?? []].flat()];
  });
}

/** The operations that need credentials: authentication comes first, the body second. */
async function registerSigned(signed: App, options: ServerOptions): Promise<void> {
  signed.addHook('preValidation', (request, reply, done) => {
    try {
      hooks.authenticate(request, reply, options);
      done();
    } catch (error) {
      done(error as Error);
    }
  });
  options.additions?.watch(signed);
  await signed.register(async (identity: App) => registerIdentity(identity, options));
  await signed.register(async (api: App) => registerApi(api, options));
}

function registerApi(api: App, options: ServerOptions): void {
  api.addHook('preValidation', (request, _reply, done) => {
    try {
      const later = requireAccess(request);
      if (later === undefined) done();
      else later.then(() => done(), done);
    } catch (error) {
      done(error as Error);
    }
  });
  registerRoutes(api, options);
}
