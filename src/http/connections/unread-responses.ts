import type { FastifyReply, FastifyRequest } from 'fastify';
import { shareOf } from '../../app/caller.ts';
import { unavailable } from '../../core/errors.ts';
import type { App } from '../app.ts';
import { CHANGE_RESPONSES, RESPONSE_BYTES_FREE, UNREAD_RESPONSES } from '../wire/limits.ts';
import { type ByteAccount, createByteAccount, type Hold } from './byte-account.ts';
import { isBeingTaken } from './response.ts';

/** Both run once for each request: `wait` directly before its handler, `keep` directly after. */
export interface UnreadResponses {
  wait(request: FastifyRequest, reply: FastifyReply, done: (error?: Error) => void): void;
  /** Holds the bytes of the response. Throws unavailable, never for a request that may have changed something. */
  keep(request: FastifyRequest, reply: FastifyReply, bytes: number): void;
}

/**
 * Bounds the bytes of responses that have not left the process. A user at its share waits before more is produced for it,
 * and is refused after a while. A response that may be long has its bytes reserved before the handler: an estimate for a
 * read, which may still be refused afterwards, and the most for a change, since what was done must not be reported as not
 * done. Changes have a separate account, so that lists never keep them waiting. When there is no room at all, the oldest
 * unread responses are ended.
 * @see docs/adr/0027-bytes-of-peers.md
 */
export function createUnreadResponses(): UnreadResponses {
  const reads = { limits: UNREAD_RESPONSES, account: createByteAccount(UNREAD_RESPONSES) };
  const changes = { limits: CHANGE_RESPONSES, account: createByteAccount(CHANGE_RESPONSES) };
  const accountFor = (isChange: boolean) => (isChange ? changes : reads);
  const inMaking = new WeakMap<FastifyRequest, Hold>();

  function setAside(account: ByteAccount, { request, reply, bytes }: Making): void {
    const hold = { holder: holderOf(request), bytes, end: () => false };
    account.keep(hold);
    inMaking.set(request, hold);
    reply.raw.once('close', () => account.release(hold));
  }

  return {
    wait(request, reply, done) {
      const { account, limits } = accountFor(mayChange(request));
      const expected = Math.min(expectedBytes(request), limits.shareMax);
      const isLong = expected > RESPONSE_BYTES_FREE;
      if (!isLong && (request.caller === undefined || account.used() === 0)) {
        done();
        return;
      }
      // A short response only waits for others of its own holder.
      const need = { holder: holderOf(request), bytes: isLong ? expected : 1, isOfShare: !isLong };
      account.whenRoom(need, (error) => {
        if (error !== undefined || reply.raw.closed) {
          done(error ?? unavailable('the client has gone'));
          return;
        }
        if (isLong) setAside(account, { request, reply, bytes: expected });
        done();
      });
    },
    keep(request, reply, bytes) {
      const isChange = mayChange(request);
      const { account, limits } = accountFor(isChange);
      const made = inMaking.get(request);
      if (made !== undefined) account.release(made);
      if (bytes <= RESPONSE_BYTES_FREE || reply.raw.closed) return;
      const holder = holderOf(request);
      const hold: Hold = {
        holder,
        bytes,
        end() {
          // A holder of most of a share cannot keep it by reading slowly.
          const isModest = account.usedBy(holder) <= limits.shareMax / 2;
          if (isModest && isBeingTaken(reply.raw)) return false;
          request.raw.socket.destroy();
          return true;
        },
      };
      if (isChange) account.keepAnyway(hold);
      else if (!account.keep(hold)) throw unavailable('no room for its answer');
      reply.raw.once('close', () => account.release(hold));
    },
  };
}

interface Making {
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
  readonly bytes: number;
}

/** Every operation that is not known to only read: so a new one is safe by default. */
function mayChange({ method, labels }: FastifyRequest): boolean {
  return method !== 'GET' && method !== 'HEAD' && labels?.responseBytes === undefined;
}

function expectedBytes(request: FastifyRequest): number {
  const { labels } = request;
  return (labels?.responseBytes ?? labels?.changeResponseBytes)?.(request) ?? 0;
}

/** All requests without credentials count as one holder's. */
function holderOf({ caller }: FastifyRequest): string {
  return caller === undefined ? '' : shareOf(caller);
}

function bytesOf(payload: unknown): number {
  if (typeof payload === 'string') {
    return payload.length <= RESPONSE_BYTES_FREE ? payload.length : Buffer.byteLength(payload);
  }
  return Buffer.isBuffer(payload) ? payload.length : 0;
}

/** Adds the two hooks around `around`: nothing may come between them and the handler. */
export function boundUnreadResponses(app: App, around: (app: App) => void): void {
  const answers = createUnreadResponses();
  app.decorateReply('keepBytes', function (bytes) {
    answers.keep(this.request, this, bytes);
  });
  app.addHook('onSend', (request, reply, payload, done) => {
    try {
      answers.keep(request, reply, bytesOf(payload));
    } catch (error) {
      done(error as Error);
      return;
    }
    done(null, payload);
  });
  around(app);
  app.addHook('preHandler', answers.wait);
}
