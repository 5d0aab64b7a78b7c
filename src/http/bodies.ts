import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Claim } from '../app/ports.ts';
import { SecretError } from '../core/errors.ts';
import { createByteAccount, type Hold } from './byte-account.ts';
import { BODIES, BODY_BYTES_FREE, BODY_BYTES_MAX } from './limits.ts';

/** Reads the body of a request, any method's, into `rawBody`; calls back when it is there, or with what is wrong with it. */
export type ReadBody = (
  request: FastifyRequest,
  reply: FastifyReply,
  done: (error?: SecretError) => void,
) => void;

/** Who sends to operations that ask for no credentials. */
const ANYBODY: Claim = Object.freeze({ userId: '', isProven: false });

/**
 * Makes the one reader of bodies. A short body is read at once. A longer one has its bytes set aside first: in one account
 * while only a signature could say whether its sender is who it claims to be, in another when a token has proven it. One
 * whose sender cannot be anybody is counted and thrown away as it comes, for authentication to refuse in the usual way.
 * The callback may get body-too-large, request-malformed, unavailable.
 * @see docs/adr/0027-bytes-of-peers.md
 */
export function createBodyReader(
  readClaim: (headers: FastifyRequest['headers']) => Claim | undefined,
): ReadBody {
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
      // What else the peer sends is not wanted.
      if (error !== undefined) reply.header('connection', 'close');
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
    const claim = request.labels?.isOpen === true ? ANYBODY : readClaim(request.headers);
    if (claim === undefined) {
      request.isBodyDropped = true;
      receive(request, { max, stated, isKept: false }, finish);
      return;
    }
    const { raw } = request;
    const hold: Hold = {
      holder: claim.userId,
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
        finish(error ?? new SecretError('unavailable'));
        return;
      }
      reply.raw.once('close', () => account.release(hold));
      receive(request, { max, stated, isKept: true }, finish);
    });
  };
}

/** Takes a body off the wire. Its bytes are copied into one piece: a peer may send it byte by byte, and each costs its own. */
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
    bytes += chunk.length;
    if (bytes > max) {
      finish(new SecretError('body-too-large'));
    } else if (isKept && chunk.length === stated) {
      body = chunk;
    } else if (isKept) {
      // Pages that nothing is written to take no memory.
      body ??= Buffer.allocUnsafeSlow(stated ?? max);
      chunk.copy(body, bytes - chunk.length);
    }
  }

  function onEnd(): void {
    if (body !== undefined) request.rawBody = body.subarray(0, bytes);
    finish(stated === undefined || stated === bytes ? undefined : new SecretError('request-malformed'));
  }

  function onError(): void {
    finish(new SecretError('request-malformed'));
  }

  function finish(error?: SecretError): void {
    raw.off('data', onChunk).off('end', onEnd).off('error', onError);
    done(error);
  }

  raw.on('data', onChunk).on('end', onEnd).on('error', onError);
}
