import { type Static, Type } from '@sinclair/typebox';
import { DAY_MS } from '../../std/durations.ts';
import type { ControlApp } from '../control/app.ts';
import { ControlError, invalidMember } from '../control/control-error.ts';
import { formatTime, parseDuration, parseTime, YEAR_9999_END_MS } from '../times.ts';
import type { TestWorld } from '../worlds/test-world.ts';
import type { WorldClock } from './clock.ts';
import type { Fired } from './happenings.ts';
import type { Moved } from './moves.ts';

const PATH = '/_csms/worlds/:world/clock';
/** The farthest that one call goes: ten years. */
const ADVANCE_MS_MAX = 3_660 * DAY_MS;
const ADVANCE_RULE = 'must be a time that is 0 to 3660 days after the clock, such as 2030-01-31T00:00:00Z';

const Closed = { additionalProperties: false };
const NoBody = Type.Object({}, Closed);
const AdvanceBody = Type.Object(
  { by: Type.Optional(Type.String()), to: Type.Optional(Type.String()) },
  Closed,
);
const SetBody = Type.Object({ to: Type.String() }, Closed);

/** Adds the clock of a world to the control API. `stopping`: moves end where they are. */
export function registerClock(control: ControlApp, stopping: AbortSignal): void {
  control.get(PATH, ({ testWorld }) => clockBody(testWorld.clock));
  for (const change of ['freeze', 'resume'] as const) {
    control.post(`${PATH}/${change}`, { schema: { body: NoBody } }, async ({ testWorld }) => {
      const { clock, timeline, world } = testWorld;
      await timeline.moves.inTurn(() => clock[change]());
      world.runner.wake();
      return clockBody(clock);
    });
  }
  control.post(`${PATH}/advance`, { schema: { body: AdvanceBody } }, async ({ body, testWorld }) => {
    const { moves } = testWorld.timeline;
    return movedBody(await unlessEnded(testWorld, moves.advance(readTarget(body), stopping)));
  });
  control.post(`${PATH}/set`, { schema: { body: SetBody } }, async ({ body, testWorld }) => {
    const toMs = parseTime(body.to);
    if (toMs === undefined) throw invalidMember('to', 'must be a time, such as 2030-01-31T00:00:00Z');
    return movedBody(await unlessEnded(testWorld, testWorld.timeline.moves.set(toMs, stopping)));
  });
}

/** A clock, as the control API shows it. */
export function clockBody(clock: WorldClock) {
  return { now: formatTime(clock.nowMs()), frozen: clock.isFrozen };
}

/** What a move of a world's clock ends with. Throws not-found when the world ends before it. */
async function unlessEnded({ life }: Pick<TestWorld, 'life'>, move: Promise<Moved>): Promise<Moved> {
  const moved = await move.catch((error: unknown) => {
    if (!life.aborted) throw error;
  });
  if (moved === undefined || life.aborted) throw new ControlError('not-found', 'the world has ended');
  return moved;
}

function movedBody({ fromMs, fired, isFrozen, isSettled, nowMs }: Moved) {
  return {
    from: formatTime(fromMs),
    now: formatTime(nowMs),
    frozen: isFrozen,
    settled: isSettled,
    fired: fired.map(firedBody),
  };
}

function firedBody({ atMs, ...fired }: Fired) {
  return { at: formatTime(atMs), ...fired };
}

/** Where to, by where the clock stands. The refusals name `by` or `to`. */
function readTarget({ by, to }: Static<typeof AdvanceBody>): (nowMs: number) => number {
  if (by !== undefined && to !== undefined) throw invalidMember('to', 'must not be given beside by');
  if (to !== undefined) {
    const toMs = parseTime(to);
    if (toMs === undefined) throw invalidMember('to', ADVANCE_RULE);
    return (nowMs) => {
      if (toMs < nowMs || toMs - nowMs > ADVANCE_MS_MAX) throw invalidMember('to', ADVANCE_RULE);
      return toMs;
    };
  }
  if (by === undefined) throw invalidMember('by', 'or to is required');
  const byMs = parseDuration(by);
  if (byMs === undefined || byMs > ADVANCE_MS_MAX) {
    throw invalidMember('by', 'must be a duration from 0s to 3660d, such as 30d, 12h, 5m or 250ms');
  }
  return (nowMs) => {
    if (nowMs + byMs > YEAR_9999_END_MS) throw invalidMember('by', 'must not lead beyond the year 9999');
    return nowMs + byMs;
  };
}
