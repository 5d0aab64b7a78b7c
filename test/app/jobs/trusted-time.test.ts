import { expect, it } from 'vitest';
import { createTrustedTime } from '../../../src/app/jobs/trusted-time.ts';
import { T0 } from '../../support/builders.ts';

const UNITS: Readonly<Record<string, number>> = { d: 86_400_000, h: 3_600_000, m: 60_000, ms: 1 };
const msOf = (text: string) => Number.parseFloat(text) * (UNITS[text.replace(/^[-\d.]+/, '')] ?? 1);

/** A step is `<time that passes>/<what someone sets the clock by>/<trusted (+) or not (-) after that>`. */
it.each([
  [
    'by more than a minute is not trusted for 24 hours',
    1,
    `0/10d/-${' 1h/0/-'.repeat(23)} 3599999ms/0/- 1ms/0/+`,
  ],
  ['by a minute is followed', 0, '2d/1m/+'],
  ['by a millisecond more is not', 1, '2d/60001ms/-'],
  ['a little at a time is followed', 0, '1m/1m/+ '.repeat(10)],
  ['after it drifted back is measured from there', 1, `${'0/-1m/+ '.repeat(10)}0/10m/-`],
  ['after it was set back is measured from there', 1, '0/-10d/+ 0/12d/-'],
  ['and is set back is trusted at once', 1, '0/10d/- 1h/-10d/+'],
  ['and is set back too far is trusted at once', 1, '0/10d/- 0/-11d/+'],
  ['and is set back all but a minute is trusted at once', 1, '1m/10d/- 0/-863940000ms/+'],
  ['and is set back all but more is not', 1, '1m/10d/- 0/-863939999ms/-'],
  ['again after it was set back waits for a whole day', 2, '0/10d/- 23h/-10d/+ 0/10d/- 23h/0/- 1h/0/+'],
  ['again after it was set back halfway does', 2, '0/400d/- 1h/-399d/- 22.9h/0/- 0/390d/- 0.1h/0/-'],
  ['again during the wait does', 2, '0/2m/- 23h/400d/- 1h/0/- 82799999ms/0/- 1ms/0/+'],
  ['again and again is never trusted', 10, '0/1d/- 23h/0/- '.repeat(10)],
  ['by a minute during the wait does not prolong it', 1, '0/10d/- 23h/1m/- 1h/0/+'],
  ['by more during the wait does', 2, '0/10d/- 23h/60001ms/- 1h/0/-'],
  ['again after the wait waits once more', 2, '0/1h/- 24h/0/+ 23h/1h/-'],
])('a clock that jumps forward %s', (_, jumps, steps) => {
  // The other clock starts anywhere; only its differences count.
  let [wallMs, monotonicMs] = [T0, 123_456];
  const logged: string[] = [];
  const error = (_: object, message: string) => void logged.push(message);
  const log = { info: () => undefined, warn: () => undefined, error };
  const time = createTrustedTime({ clock: { nowMs: () => wallMs }, log }, { nowMs: () => monotonicMs });
  for (const step of steps.trim().split(' ')) {
    const [passed = '', set = '', trust] = step.split('/');
    wallMs += msOf(passed) + msOf(set);
    monotonicMs += msOf(passed);
    // Read twice, as several jobs do: what is told is told once.
    time.nowMs();
    expect(time.nowMs(), step).toBe(trust === '+' ? wallMs : undefined);
  }
  expect(logged).toHaveLength(jumps);
  for (const message of logged)
    expect(message).toMatch(
      /^the clock jumped forward: background jobs that delete or expire wait for a day/,
    );
});
