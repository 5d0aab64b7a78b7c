import type { IncomingMessage, ServerResponse } from 'node:http';
import type { FastifyBaseLogger } from 'fastify';
import { framesOf } from '../../http/requests/error-handler.ts';
import { onDemand } from '../on-demand.ts';
import type { ControlApp } from './app.ts';
import { CONTROL_STATUS } from './control-error.ts';

/** Where requests to the control API come in. */
export interface Entrance {
  /** True for a request to the control API, which is responded to then. */
  take(request: IncomingMessage, response: ServerResponse): boolean;
  close(): Promise<void>;
}

/** What the control API is below. */
const CONTROL_PATH = /^\/_csms(?:[/?]|$)/;

/** Creates the entrance. The control API is built at the first request to it: most starts have none. */
export function createEntrance(log: FastifyBaseLogger, build: () => Promise<ControlApp>): Entrance {
  const control = onDemand(build);
  return {
    take(request, response) {
      if (!CONTROL_PATH.test(request.url ?? '')) return false;
      control.get().then(
        (app) => app.routing(request, response),
        (error: Error) => {
          log.error({ type: error.name, stack: framesOf(error) }, 'the control API cannot be built');
          respond(response);
        },
      );
      return true;
    },
    async close() {
      await (await control.present())?.close();
    },
  };
}

/** Responds in the words of the API that is not there, whatever the request was. */
function respond(response: ServerResponse): void {
  const body = { error_code: 'internal', error_msg: 'something went wrong; the log says what' };
  response
    .writeHead(CONTROL_STATUS.internal, { 'content-type': 'application/json', connection: 'close' })
    .end(JSON.stringify(body));
}
