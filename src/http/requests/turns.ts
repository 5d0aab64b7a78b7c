import type { IncomingMessage } from 'node:http';
import type { Turns } from '../../app/turns.ts';
import { SecretError } from '../../core/errors.ts';

/**
 * The turns of one request. Work whose client has gone ends when it would have its next turn: nobody is there for its
 * answer, and what is kept for a request is counted only while its connection is there. Throws unavailable then.
 * @see docs/adr/0032-long-requests-in-turns.md
 */
export function turnsOf(turns: Turns, { socket }: Pick<IncomingMessage, 'socket'>): Turns {
  function requireClient(): void {
    if (socket.destroyed) throw new SecretError('unavailable', '', { logReason: 'the client has gone' });
  }

  return {
    pauseOf(projectId) {
      const pause = turns.pauseOf(projectId);
      return () => {
        requireClient();
        return pause();
      };
    },
    alone: (projectId, work) =>
      turns.alone(projectId, async () => {
        requireClient();
        return work();
      }),
  };
}
