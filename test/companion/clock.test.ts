import { beforeEach, describe, expect, it } from 'vitest';
import { createWorldClock, type WorldClock } from '../../src/companion/clock/clock.ts';
import { DAY_MS, T0 } from '../support/builders.ts';

let machineMs: number;
let clock: WorldClock;
const machine = { nowMs: () => machineMs };

beforeEach(() => {
  machineMs = T0;
  clock = createWorldClock(machine);
});

/** What it shows, from the start, before and after a second of the machine's time. */
function shown(of = clock): readonly number[] {
  const first = of.nowMs() - T0;
  machineMs += 1_000;
  return [first, of.nowMs() - T0];
}

describe('the clock of a world', () => {
  it("is the machine's until someone moves it", () => {
    expect(shown()).toEqual([0, 1_000]);
    expect([clock.isFrozen, clock.isMoved]).toEqual([false, false]);
    clock.resume();
    expect(clock.isMoved).toBe(false);
    machineMs -= DAY_MS;
    expect(clock.nowMs()).toBe(machineMs);
  });

  it('stands at the end of the year 9999, and can be set back from there', () => {
    const endMs = Date.UTC(10_000, 0, 1) - 1;
    clock.set(endMs - 500);
    machineMs += 1_000;
    expect([clock.nowMs(), clock.isFrozen]).toEqual([endMs, false]);
    clock.hold()();
    expect(createWorldClock(machine, clock).nowMs()).toBe(endMs);
    clock.set(T0);
    expect(shown()).toEqual([0, 1_000]);
  });

  it('stands still while it is frozen, and runs on from there', () => {
    clock.freeze();
    expect(shown()).toEqual([0, 0]);
    expect([clock.isFrozen, clock.isMoved]).toEqual([true, true]);
    clock.freeze();
    clock.resume();
    expect(shown()).toEqual([0, 1_000]);
    clock.resume();
    expect([...shown(), clock.isFrozen]).toEqual([1_000, 2_000, false]);
  });

  it.each([DAY_MS, -DAY_MS])('shows another time at once, %i ms away, frozen or not', (byMs) => {
    clock.set(T0 + byMs);
    expect(shown()).toEqual([byMs, byMs + 1_000]);
    clock.freeze();
    clock.set(T0 - byMs);
    expect([...shown(), clock.isFrozen]).toEqual([-byMs, -byMs, true]);
  });

  it('stands still during a hold, and says that it runs', () => {
    const [release, releaseOther] = [clock.hold(), clock.hold()];
    expect([...shown(), clock.isFrozen]).toEqual([0, 0, false]);
    clock.set(T0 + DAY_MS);
    release();
    expect(shown()).toEqual([DAY_MS, DAY_MS]);
    releaseOther();
    expect(shown()).toEqual([DAY_MS, DAY_MS + 1_000]);
  });

  it('does at the end of a hold what was asked during it', () => {
    const release = clock.hold();
    clock.freeze();
    release();
    expect([...shown(), clock.isFrozen]).toEqual([0, 0, true]);
    const releaseAgain = clock.hold();
    clock.resume();
    expect(shown()).toEqual([0, 0]);
    releaseAgain();
    expect([...shown(), clock.isFrozen]).toEqual([0, 1_000, false]);
  });

  it('is copied with its state, and moves alone from then on', () => {
    clock.set(T0 + DAY_MS);
    const running = createWorldClock(machine, clock);
    clock.freeze();
    const frozen = createWorldClock(machine, clock);
    clock.set(T0);
    expect([...shown(running), running.isFrozen]).toEqual([DAY_MS, DAY_MS + 1_000, false]);
    expect([...shown(frozen), frozen.isFrozen]).toEqual([DAY_MS, DAY_MS, true]);
    frozen.resume();
    expect(shown(frozen)).toEqual([DAY_MS, DAY_MS + 1_000]);
  });

  it('is copied in the middle of a hold as it shows', () => {
    clock.hold();
    clock.set(T0 + DAY_MS);
    expect(shown(createWorldClock(machine, clock))).toEqual([DAY_MS, DAY_MS + 1_000]);
  });
});
