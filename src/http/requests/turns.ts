import type { RequestConnection } from '../../app/caller.ts';
import type { Turns } from '../../app/turns.ts';
import { unavailable } from '../../core/errors.ts';

/**
 * The turns of one request. Work whose client has gone ends at its next turn: its response is not needed, and what a
 * request holds is counted only while its connection exists. Throws unavailable then.
 * @see docs/adr/0032-long-requests-in-turns.md
 */
export function turnsOfRequest(turns: Turns, connection: RequestConnection): Turns {
  function requireClient(): void {
    if (connection.destroyed) throw unavailable('the client has gone');
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
