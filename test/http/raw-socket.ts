import { connect, type Socket } from 'node:net';

/** An answer as bytes on the wire, header names in the spelling of the server. */
export interface WireAnswer {
  readonly status: number;
  readonly headers: ReadonlyMap<string, string>;
  readonly body: string;
}

/**
 * Sends bytes on a fresh connection and returns what came back, one answer or several, until the server closes or
 * nothing more is due. `pieces` are sent in turn with a pause between them.
 */
export async function exchange(
  baseUrl: string,
  pieces: readonly (string | Buffer)[],
  options: { readonly answers?: number; readonly pauseMs?: number; readonly waitMs?: number } = {},
): Promise<WireAnswer[]> {
  const { answers = 1, pauseMs = 0, waitMs = 4_000 } = options;
  const { hostname, port } = new URL(baseUrl);
  const socket = connect({ host: hostname, port: Number(port) });
  const chunks: Buffer[] = [];
  const done = new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, waitMs);
    const finish = () => {
      clearTimeout(timer);
      resolve();
    };
    socket.on('data', (chunk) => {
      chunks.push(chunk);
      if (parseAnswers(Buffer.concat(chunks)).length >= answers) finish();
    });
    socket.on('close', finish).on('error', finish);
  });
  await sendPieces(socket, pieces, pauseMs);
  await done;
  socket.destroy();
  return parseAnswers(Buffer.concat(chunks));
}

/** The one answer to one request. Fails when there is none. */
export async function exchangeOne(
  baseUrl: string,
  request: string | Buffer | readonly (string | Buffer)[],
  options: { readonly pauseMs?: number; readonly waitMs?: number } = {},
): Promise<WireAnswer> {
  const pieces = typeof request === 'string' || Buffer.isBuffer(request) ? [request] : request;
  const [answer] = await exchange(baseUrl, pieces, options);
  if (answer === undefined) throw new Error('the connection was closed without an answer');
  return answer;
}

/** A request's head and body as text; header lines as given. */
export function requestText(line: string, headers: readonly string[], body = ''): string {
  return `${[line, ...headers].join('\r\n')}\r\n\r\n${body}`;
}

async function sendPieces(
  socket: Socket,
  pieces: readonly (string | Buffer)[],
  pauseMs: number,
): Promise<void> {
  for (const [index, piece] of pieces.entries()) {
    if (index > 0 && pauseMs > 0) await new Promise((resolve) => setTimeout(resolve, pauseMs));
    if (socket.destroyed) return;
    socket.write(piece);
  }
}

function parseAnswers(bytes: Buffer): WireAnswer[] {
  const answers: WireAnswer[] = [];
  let rest = bytes;
  while (rest.length > 0) {
    const end = rest.indexOf('\r\n\r\n');
    if (end < 0) break;
    const [line = '', ...lines] = rest.subarray(0, end).toString('latin1').split('\r\n');
    const headers = new Map(
      lines.map((header) => [header.slice(0, header.indexOf(':')), header.slice(header.indexOf(':') + 2)]),
    );
    const length = Number([...headers].find(([name]) => name.toLowerCase() === 'content-length')?.[1] ?? 0);
    const body = rest.subarray(end + 4, end + 4 + length);
    const isHead = rest.length - end - 4 < length;
    if (isHead && length > 0 && rest.length > end + 4) break;
    answers.push({ status: Number(line.split(' ')[1]), headers, body: body.toString() });
    rest = rest.subarray(end + 4 + body.length);
  }
  return answers.filter(({ status }) => status !== 100);
}
