import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { FakeDatabase, type FunctionCall } from './database.ts';
import { isSignedWith } from './receiver.ts';

/** A rotation function on loopback, in front of a database that only knows passwords. */
export interface FunctionServer {
  readonly url: string;
  readonly database: FakeDatabase;
  /** Bodies as they came. */
  readonly bodies: string[];
  /** Calls whose signature was wrong; they were refused. */
  readonly refused: string[];
  /** Leaves a call without an answer, before or after it was carried out: the caller waits. */
  silence: (call: FunctionCall) => 'before' | 'after' | undefined;
  close(): void;
}

/** Starts the function; it keeps to docs/behaviour/rotation-function.md, the check of the signature included. */
export async function startFunction(
  secret: string,
  passwords: Readonly<Record<string, string>>,
): Promise<FunctionServer> {
  const server = createServer(async (request, response) => {
    let text = '';
    for await (const chunk of request) text += String(chunk);
    const received = { path: request.url ?? '', headers: request.headers, text, body: {} };
    if (!isSignedWith(secret, received, Date.now())) {
      own.refused.push(text);
      response.writeHead(401).end('{"error_msg":"the signature is wrong"}');
      return;
    }
    own.bodies.push(text);
    const call = JSON.parse(text) as FunctionCall;
    const silence = own.silence(call);
    if (silence === 'before') return;
    const { status, body } = own.database.answer(call);
    if (silence === 'after') return;
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const own: FunctionServer = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/rotate`,
    database: new FakeDatabase(passwords),
    bodies: [],
    refused: [],
    silence: () => undefined,
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
  return own;
}
