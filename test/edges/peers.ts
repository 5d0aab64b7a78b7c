import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach } from 'vitest';
import { exchange, requestText } from '../http/raw-socket.ts';

const held = new Set<Socket>();
const BATCH = 100;
/** A state and an address of a socket, as the system writes them. */
const LISTENING = '0A';
const LOCALHOST = '0100007F:';

afterEach(() => releaseAll());

/** Ends every connection that a test has held. */
export function releaseAll(): void {
  for (const socket of held) socket.destroy();
  held.clear();
}

/**
 * Opens connections that send the text, never read unless told to, and never close, whatever the server does. They come
 * from as many addresses of this machine as are named, in turn; half of a connection counts as one that was not closed.
 */
export async function holdConnections(
  baseUrl: string,
  options: {
    readonly count: number;
    readonly from: readonly string[];
    readonly text?: string;
    readonly reads?: boolean;
  },
): Promise<readonly Socket[]> {
  const { count, from, text = '', reads = false } = options;
  const { hostname, port } = new URL(baseUrl);
  const sockets: Socket[] = [];
  while (sockets.length < count) {
    const batch = Array.from({ length: Math.min(BATCH, count - sockets.length) }, (_, index) =>
      connect({
        host: hostname,
        port: Number(port),
        localAddress: from[(sockets.length + index) % from.length],
        allowHalfOpen: true,
      }),
    );
    await Promise.all(batch.map((socket) => opened(socket, text, reads)));
    sockets.push(...batch);
  }
  return sockets;
}

async function opened(socket: Socket, text: string, reads: boolean): Promise<void> {
  held.add(socket);
  // A connection that was refused is a fact for the test to find, and no error.
  socket.on('error', () => undefined);
  if (reads) socket.resume();
  else socket.pause();
  await new Promise<void>((resolve) => socket.once('connect', resolve).once('close', () => resolve()));
  if (text !== '' && !socket.destroyed) socket.write(text);
}

/** Addresses of this machine beside the one that tests otherwise speak from. */
export function otherAddresses(count: number): readonly string[] {
  return Array.from({ length: count }, (_, index) => `127.0.0.${index + 2}`);
}

/**
 * Connections from `otherAddresses` that a server has open at the port of its address. Its files and other sockets, which
 * come and go, do not count, nor do those of the client that tests otherwise speak through.
 */
export function openConnections(pid: number | undefined, baseUrl: string): number {
  const port = Number(new URL(baseUrl).port).toString(16).toUpperCase().padStart(4, '0');
  const own = new Set(readdirSync(`/proc/${pid}/fd`).map((descriptor) => targetOf(pid, descriptor)));
  const rows = ['tcp', 'tcp6'].flatMap((table) =>
    readFileSync(`/proc/${pid}/net/${table}`, 'utf8').split('\n'),
  );
  const columns = rows.map((row) => row.trim().split(/\s+/));
  return columns.filter(
    ([, local, peer, state, , , , , , inode]) =>
      local?.endsWith(`:${port}`) &&
      state !== LISTENING &&
      !peer?.includes(LOCALHOST) &&
      own.has(`socket:[${inode}]`),
  ).length;
}

function targetOf(pid: number | undefined, descriptor: string): string {
  try {
    return readlinkSync(`/proc/${pid}/fd/${descriptor}`);
  } catch {
    // It has been closed meanwhile.
    return '';
  }
}

/** Resident memory of a process in MiB. */
export function residentMib(pid: number | undefined): number {
  const [, kibibytes] = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return Number(kibibytes) / 1_024;
}

/** The status that a question on a fresh connection gets; 0 when it is closed without an answer. */
export async function ask(
  baseUrl: string,
  path = '/healthz',
  lines: readonly string[] = [],
): Promise<number> {
  const text = requestText(`GET ${path} HTTP/1.1`, ['Host: localhost', 'Connection: close', ...lines]);
  const [answer] = await exchange(baseUrl, [text], { waitMs: 10_000 }).catch(() => []);
  return answer?.status ?? 0;
}

/** Waits until the figure is at most `most`, for at most `seconds`; returns the last one seen. */
export async function settle(figure: () => number, most: number, seconds: number): Promise<number> {
  const endMs = performance.now() + seconds * 1_000;
  while (figure() > most && performance.now() < endMs) await sleep(100);
  return figure();
}
