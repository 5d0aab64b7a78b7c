import type { FastifyReply, FastifyRequest } from 'fastify';
import { SecretError } from '../core/errors.ts';
import type { App } from './app.ts';
import { createByteAccount, type Hold } from './byte-account.ts';
import { ANSWER_BYTES_FREE, LONG_ANSWER_BYTES, UNREAD_ANSWERS } from './limits.ts';

/** Both run once for each request: `wait` directly before it is handled, `keep` directly behind. */
export interface UnreadAnswers {
  wait(request: FastifyRequest, reply: FastifyReply, done: (error?: Error) => void): void;
  /** Throws unavailable. */
  keep(request: FastifyRequest, reply: FastifyReply, payload: unknown): void;
}

/**
 * Bounds the bytes of answers that have not left the process. Who has its share of them waits before more is worked out for
 * it, and is told to come again after a while. For an answer that may be long its bytes are set aside while it is made.
 * When there is room for nobody, the answers go that have been on their way for long.
 * @see docs/adr/0027-bytes-of-peers.md
 */
export function createUnreadAnswers(): UnreadAnswers {
  const account = createByteAccount(UNREAD_ANSWERS);
  const inMaking = new WeakMap<FastifyRequest, Hold>();

  return {
    wait(request, reply, done) {
      const expected = Math.min(request.labels?.answerBytes?.(request) ?? 0, UNREAD_ANSWERS.shareMax);
      const isLong = expected > LONG_ANSWER_BYTES;
      if (request.caller === undefined || (!isLong && account.used() === 0)) {
        done();
        return;
      }
      const holder = request.caller.userId;
      // A short answer only waits for its own holder's others.
      const need = { holder, bytes: isLong ? expected : 1, isOfShare: !isLong };
      account.whenRoom(need, (error) => {
        if (error !== undefined || reply.raw.closed) {
          done(error ?? new SecretError('unavailable'));
          return;
        }
        if (isLong) {
          const hold = { holder, bytes: expected, end: () => false };
          account.keep(hold);
          inMaking.set(request, hold);
          reply.raw.once('close', () => account.release(hold));
        }
        done();
      });
    },
    keep(request, reply, payload) {
      const made = inMaking.get(request);
      if (made !== undefined) account.release(made);
      const bytes = bytesOf(payload);
      if (bytes <= ANSWER_BYTES_FREE || reply.raw.closed) return;
      const hold: Hold = {
        holder: request.caller?.userId ?? '',
        bytes,
        end() {
          request.raw.socket.destroy();
          return true;
        },
      };
      if (!account.keep(hold)) throw new SecretError('unavailable');
      reply.raw.once('close', () => account.release(hold));
    },
  };
}

function bytesOf(payload: unknown): number {
  if (typeof payload === 'string') {
    return payload.length <= ANSWER_BYTES_FREE ? payload.length : Buffer.byteLength(payload);
  }
  return Buffer.isBuffer(payload) ? payload.length : 0;
}

/** Puts the two where they belong: nothing may come between them and the handler. */
export function boundUnreadAnswers(app: App, around: (app: App) => void): void {
  const answers = createUnreadAnswers();
  app.addHook('onSend', (request, reply, payload, done) => {
    try {
      answers.keep(request, reply, payload);
    } catch (error) {
      done(error as Error);
      return;
    }
    done(null, payload);
  });
  around(app);
  app.addHook('preHandler', answers.wait);
}
