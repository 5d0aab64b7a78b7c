import { createHmac, timingSafeEqual, verify, X509Certificate } from 'node:crypto';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A message as it came. */
export interface Received {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  readonly body: Readonly<Record<string, string>>;
}

/** An endpoint on loopback, as a user of notifications would write it. */
export interface Receiver {
  readonly url: string;
  readonly received: Received[];
  /** The status of every answer from now on; undefined: no answer at all. */
  status: number | undefined;
  close(): void;
}

export async function startReceiver(): Promise<Receiver> {
  const received: Received[] = [];
  const server = createServer(async (request, response) => {
    let text = '';
    for await (const chunk of request) text += String(chunk);
    received.push({ path: request.url ?? '', headers: request.headers, text, body: JSON.parse(text) });
    if (receiver.status !== undefined) response.writeHead(receiver.status).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const receiver: Receiver = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    received,
    status: 200,
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
  return receiver;
}

/**
 * Checks a message as SMN's documentation tells receivers to: the certificate comes from the message's own address, and
 * the text is made of the body's fields, written here once more on purpose.
 */
export async function isSignedBySmn({ body }: Received): Promise<boolean> {
  const certificate = new X509Certificate(await (await fetch(body.signing_cert_url!)).text());
  const names = ['message', 'message_id', 'subject', 'timestamp', 'topic_urn', 'type'];
  let text = '';
  for (const name of names) text += `${name}\n${body[name]}\n`;
  const signature = Buffer.from(body.signature!, 'base64');
  return verify('RSA-SHA256', Buffer.from(text), certificate.publicKey, signature);
}

/** Checks the server's own signature header, as its documentation tells receivers to. */
export function isSignedWith(secret: string, { headers, text }: Received, nowMs: number): boolean {
  const [, seconds = '', given = ''] =
    /^t=(\d+),v1=([0-9a-f]{64})$/.exec(String(headers['x-csms-signature'])) ?? [];
  if (Math.abs(nowMs / 1_000 - Number(seconds)) > 300) return false;
  const expected = createHmac('sha256', secret).update(`${seconds}.${text}`).digest();
  const bytes = Buffer.from(given, 'hex');
  return bytes.length === expected.length && timingSafeEqual(bytes, expected);
}
