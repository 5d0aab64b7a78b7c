import type { OutgoingHttpHeaders } from 'node:http';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { App } from '../../http/app.ts';
import { connectionOf, type Response, reset } from '../../http/connections/connection.ts';
import { toErrorResponse } from '../../http/requests/error-handler.ts';
import { createDelays } from './delays.ts';
import type { Fault, FaultOutcome, Faults } from './faults.ts';
import { requestSubject } from './subject.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** The rule that decided on the request; undefined: none did. */
    fault: Fault | undefined;
  }
}

/** Says which rule a response has to do with. */
const FAULT_HEADER = 'x-csms-fault';

/** How a response is spoiled once its time has come. */
interface Spoiling {
  /** The response itself, late. */
  pass(): void;
  /** Another one in its place. */
  replace(status: number, body: string): void;
}

/**
 * Spoils the responses of operations by the rules of their caller's world; `faultsOf` finds them by its name. A rule decides
 * once the caller is known and before the body is checked. Waits end when the server stops; a request that is only late is
 * carried out although its client has gone, as it would be without the rule.
 */
export function spoilResponses(signed: App, faultsOf: (world: string) => Faults | undefined): void {
  const delays = createDelays();
  signed.decorateRequest('fault');
  signed.addHook('preClose', (done) => {
    delays.end();
    done();
  });

  function spoil(request: FastifyRequest, reply: FastifyReply, fault: Fault, spoiling: Spoiling): void {
    delays.before(fault.latencyMs, () => {
      const { outcome } = fault;
      if (outcome === undefined) spoiling.pass();
      else if (outcome.kind === 'reset') resetConnection(request, fault);
      else replace(request, reply, { id: fault.id, outcome, spoiling });
    });
  }

  signed.addHook('preValidation', (request, reply, done) => {
    const fault = faultsOf(request.caller.world)?.decide(requestSubject(request));
    if (fault === undefined) {
      done();
      return;
    }
    request.fault = fault;
    reply.header(FAULT_HEADER, fault.id);
    if (fault.when === 'before') {
      spoil(request, reply, fault, {
        pass: done,
        replace: (status, body) => reply.code(status).send(body),
      });
      return;
    }
    takeLongResponse(reply, (spoiling) => spoil(request, reply, fault, spoiling));
    done();
  });
  signed.addHook('onSend', (request, reply, payload, done) => {
    const { fault } = request;
    if (fault?.when !== 'after') {
      done(null, payload);
      return;
    }
    spoil(request, reply, fault, {
      pass: () => done(null, payload),
      replace(status, body) {
        reply.code(status).removeHeader('content-length');
        done(null, body);
      },
    });
  });
}

function resetConnection(request: FastifyRequest, { id }: Fault): void {
  request.refusal = { code: 'reset', reason: `fault ${id}` };
  const { socket } = request.raw;
  const connection = connectionOf(socket);
  if (connection === undefined) socket.destroy();
  else reset(connection);
}

function replace(
  request: FastifyRequest,
  reply: FastifyReply,
  {
    id,
    outcome,
    spoiling,
  }: {
    readonly id: string;
    readonly outcome: Extract<FaultOutcome, { kind: 'status' }>;
    readonly spoiling: Spoiling;
  },
): void {
  const { code } = outcome;
  const family = request.routeOptions.config.errorFamily ?? 'flat';
  const origin = code.startsWith('APIGW.') ? 'gateway' : 'service';
  const { body, status } = toErrorResponse({ ...outcome, origin }, { family, requestId: request.id });
  request.refusal = { code, reason: `fault ${id}` };
  // Of the response that is replaced.
  reply.removeHeader('retry-after').raw.removeHeader('x-subject-token');
  reply.type('application/json');
  if (status === 429 || status === 503) reply.header('retry-after', '1');
  spoiling.replace(status, JSON.stringify(body));
}

/**
 * Takes what is written to the connection itself, as long responses are: `onSpoil` is called when it is complete, or, for one
 * that passes, when it begins.
 */
function takeLongResponse(reply: FastifyReply, onSpoil: (spoiling: Spoiling) => void): void {
  const { raw } = reply;
  const hijack = reply.hijack.bind(reply);
  reply.hijack = () => {
    if (reply.request.fault?.outcome === undefined) delayFirstPiece(raw, onSpoil);
    else
      dropPieces(raw, () =>
        onSpoil({ pass: () => undefined, replace: (status, body) => send(reply, status, body) }),
      );
    return hijack();
  };
}

function delayFirstPiece(raw: Response, onSpoil: (spoiling: Spoiling) => void): void {
  const own: Partial<Pick<Response, 'write'>> = raw;
  own.write = (...piece: unknown[]) => {
    delete own.write;
    // The overloads of the one method cannot be named together.
    onSpoil({ pass: () => void raw.write(...(piece as [unknown])), replace: () => undefined });
    return true;
  };
}

function dropPieces(raw: Response, onEnd: () => void): void {
  const own: Partial<Pick<Response, 'end' | 'write' | 'writeHead'>> = raw;
  own.writeHead = () => raw;
  own.write = (_piece: unknown, taken: unknown) => {
    if (typeof taken === 'function') queueMicrotask(() => taken());
    return true;
  };
  own.end = () => {
    delete own.writeHead;
    delete own.write;
    delete own.end;
    onEnd();
    return raw;
  };
}

function send(reply: FastifyReply, status: number, body: string): void {
  const headers = { ...reply.getHeaders(), 'content-length': String(Buffer.byteLength(body)) };
  reply.raw.writeHead(status, headers as OutgoingHttpHeaders);
  reply.raw.end(body);
}
