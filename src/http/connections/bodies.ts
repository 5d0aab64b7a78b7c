import type { FastifyReply, FastifyRequest } from 'fastify';
import { shareOf } from '../../app/caller.ts';
import type { Claim } from '../../app/ports/deps.ts';
import { SecretError, unavailable } from '../../core/errors.ts';
import type { ServerOptions } from '../server-options.ts';
import { BODIES, BODY_BYTES_FREE, BODY_BYTES_MAX } from '../wire/limits.ts';
import { createByteAccount, type Hold } from './byte-account.ts';
import { clientCertificateOf } from './client-certificate.ts';

/**
 * Reads the body of a request, any method's, into `rawBody`; calls back when it is complete, or with what is wrong with
 * it.
 */
export type ReadBody = (
  request: FastifyRequest,
  reply: FastifyReply,
  done: (error?: SecretError) => void,
) => void;

/** The sender to operations that need no credentials. */
const ANYBODY: Claim = Object.freeze({ world: '', userId: '', isProven: false });

/**
 * Creates the one reader of bodies. A short body is read at once. A longer one first reserves its bytes: in one account
 * while only a signature could prove its sender, in another when a token has proven it. A body that cannot be any user's
 * is counted and discarded as it arrives, for authentication to refuse as usual. The callback may get body-too-large,
 * request-malformed, unavailable.
 * @see docs/adr/0027-bytes-of-peers.md
 */
export function createBodyReader(readClaim: ServerOptions['readClaim']): ReadBody {
  const unproven = createByteAccount(BODIES.unproven);
  const proven = createByteAccount(BODIES.proven);

  return (request, reply, done) => {
    const { 'content-length': length, 'transfer-encoding': encoding } = request.headers;
    if (encoding === undefined && (length === undefined || length === '0')) {
      done();
      return;
    }
    const max = request.labels?.bodyBytesMax ?? BODY_BYTES_MAX;
    const stated = encoding === undefined ? Number(length) : undefined;
    const bytes = stated ?? max;
    const finish = (error?: SecretError) => {
      if (error !== undefined) {
        // The peer is to send nothing more.
        reply.header('connection', 'close');
        request.raw.on('data', free);
      }
      done(error);
    };
    if (bytes > max) {
      finish(new SecretError('body-too-large'));
      return;
    }
    if (bytes <= BODY_BYTES_FREE) {
      receive(request, { max, stated, isKept: true }, finish);
      return;
    }
    const claim =
      request.labels?.isOpen === true
        ? ANYBODY
        : readClaim(request.headers, clientCertificateOf(request.raw.socket));
    if (claim === undefined) {
      request.isBodyDropped = true;
      receive(request, { max, stated, isKept: false }, finish);
      return;
    }
    const { raw } = request;
    const hold: Hold = {
      holder: shareOf(claim),
      bytes,
      end() {
        if (!raw.complete) raw.socket.destroy();
        return !raw.complete;
      },
    };
    const account = claim.isProven ? proven : unproven;
    account.whenRoom(hold, (error) => {
      const isRefused = error !== undefined || raw.destroyed || !account.keep(hold);
      if (isRefused) {
        finish(error ?? unavailable('the client has gone'));
        return;
      }
      reply.raw.once('close', () => account.release(hold));
      receive(request, { max, stated, isKept: true }, finish);
    });
  };
}

/**
 * Receives a body, copying its chunks into one buffer: a peer may send it byte by byte, and each chunk has an overhead.
 */
function receive(
  request: FastifyRequest,
  how: { readonly max: number; readonly stated: number | undefined; readonly isKept: boolean },
  done: (error?: SecretError) => void,
): void {
  const { raw } = request;
  const { max, stated, isKept } = how;
  let body: Buffer | undefined;
  let bytes = 0;

  function onChunk(chunk: Buffer): void {
    const { length } = chunk;
    bytes += length;
    if (isKept && length === stated) {
      body = chunk;
      return;
    }
    if (isKept && bytes <= max) {
      // Untouched pages take no memory.
      body ??= Buffer.allocUnsafeSlow(stated ?? max);
      chunk.copy(body, bytes - length);
    }
    free(chunk);
    if (bytes > max) finish(new SecretError('body-too-large'));
  }

  function onEnd(): void {
    const isWhole = stated === undefined || stated === bytes;
    if (isWhole && body !== undefined) request.rawBody = body.subarray(0, bytes);
    finish(isWhole ? undefined : new SecretError('request-malformed'));
  }

  function onError(): void {
    finish(new SecretError('request-malformed'));
  }

  function finish(error?: SecretError): void {
    raw.off('data', onChunk).off('end', onEnd).off('error', onError);
    if (error !== undefined && body !== undefined) free(body);
    done(error);
  }

  raw.on('data', onChunk).on('end', onEnd).on('error', onError);
}

/**
 * Frees the memory of a chunk at once. The collector lets some 64 MiB of such chunks accumulate first, and little of that
 * is returned to the operating system.
 */
function free({ buffer, length }: Buffer): void {
  // A chunk that shares its memory stays.
  if (buffer instanceof ArrayBuffer && buffer.byteLength === length) buffer.transfer(0);
}
