import { readdirSync, readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach } from 'vitest';
import { exchange, requestText } from '../http/raw-socket.ts';

const held = new Set<Socket>();
const BATCH = 100;

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

/** Descriptors that a process has open. */
export function openDescriptors(pid: number | undefined): number {
  return readdirSync(`/proc/${pid}/fd`).length;
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
