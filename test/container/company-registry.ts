import { readFileSync } from 'node:fs';
import { createServer as createTlsServer } from 'node:https';
import { connect, createServer } from 'node:net';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { ReadableStream } from 'node:stream/web';

/**
 * What a company has in place of the public registry of packages: one of its own, behind a certificate that only its own
 * people trust. It passes everything on. The engine's network leads nowhere, so it has two ends: `serve SOCKET CERT KEY`
 * outside, `relay SOCKET PORT` inside.
 */
const [mode, socket = '', ...rest] = process.argv.slice(2);
const upstream = (process.env.UPSTREAM ?? '').replace(/\/+$/, '');

if (mode === 'serve') {
  const [cert = '', key = ''] = rest;
  createTlsServer({ cert: readFileSync(cert), key: readFileSync(key) }, (request, answer) => {
    pass(request.url ?? '/', request.headers.accept ?? '*/*')
      .then(({ status, type, body }) => {
        answer.writeHead(status, { 'content-type': type });
        return pipeline(body === null ? [] : Readable.fromWeb(body), answer);
      })
      // Cut off where it has begun: npm asks again.
      .catch(() => answer.destroy());
  }).listen(socket, () => process.stdout.write('listening\n'));
} else {
  createServer((inside) => {
    const outside = connect(socket);
    inside.pipe(outside).pipe(inside);
    for (const side of [inside, outside])
      side.on('error', () => [inside, outside].map((one) => one.destroy()));
  }).listen(Number(rest[0]), '127.0.0.1', () => process.stdout.write('listening\n'));
}

async function pass(path: string, accept: string) {
  const response = await fetch(`${upstream}${path}`, { headers: { accept } });
  return {
    status: response.status,
    type: response.headers.get('content-type') ?? 'application/octet-stream',
    body: response.body as ReadableStream | null,
  };
}
