import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createPressureGauge, type PressureGauge } from '../../../src/http/requests/pressure.ts';
import { startTestServer } from '../../support/server.ts';
import { problem } from '../calls.ts';

let gauge: PressureGauge;
let [lateMs, share] = [0, 0];

beforeEach(() => {
  vi.useFakeTimers();
  [lateMs, share] = [0, 0];
  // The fake clock is the timer's own, so it is never late by itself.
  gauge = createPressureGauge({ nowMs: () => performance.now() + lateMs, memoryShare: () => share });
});
afterEach(() => {
  gauge.stop();
  vi.useRealTimers();
});

const look = () => vi.advanceTimersByTime(500);

describe('pressure', () => {
  it('is high when the loop is more than a second late twice in a row, and until it is on time again', () => {
    look();
    expect(gauge.isHigh()).toBe(false);
    lateMs += 1_001;
    look();
    expect(gauge.isHigh()).toBe(false);
    lateMs += 1_001;
    look();
    expect(gauge.isHigh()).toBe(true);
    lateMs += 1_001;
    look();
    expect(gauge.isHigh()).toBe(true);
    look();
    expect(gauge.isHigh()).toBe(false);
  });

  it('is not high after one moment of standing still, nor at one second sharp', () => {
    lateMs += 60_000;
    look();
    look();
    expect(gauge.isHigh()).toBe(false);
    for (let count = 0; count < 3; count += 1) {
      lateMs += 1_000;
      look();
      expect(gauge.isHigh()).toBe(false);
    }
  });

  it('is high while memory is nearly full', () => {
    share = 0.951;
    look();
    look();
    expect(gauge.isHigh()).toBe(true);
    share = 0.95;
    look();
    expect(gauge.isHigh()).toBe(false);
  });

  it('is checked no more once stopped', () => {
    gauge.stop();
    share = 1;
    vi.advanceTimersByTime(5_000);
    expect(gauge.isHigh()).toBe(false);
  });
});

describe('the gauge of a process', () => {
  it('sees memory that is in no heap', () => {
    gauge.stop();
    const rss = vi.spyOn(process.memoryUsage, 'rss');
    const limit = vi.spyOn(process, 'constrainedMemory').mockReturnValue(1_000_000_000);
    gauge = createPressureGauge();
    rss.mockReturnValue(950_000_000);
    look();
    look();
    expect(gauge.isHigh()).toBe(false);
    rss.mockReturnValue(950_000_001);
    look();
    look();
    expect(gauge.isHigh()).toBe(true);
    // No limit of its own: the machine's counts.
    limit.mockReturnValue(0);
    look();
    expect(gauge.isHigh()).toBe(false);
    vi.restoreAllMocks();
  });
});

it('a server under pressure sends requests away until it is better, and stops looking when it is closed', async () => {
  vi.useRealTimers();
  const pressure = { isHigh: vi.fn(() => true), stop: vi.fn() };
  const server = await startTestServer({ pressure });
  const list = () => server.send({ method: 'GET', path: '/v3/projects' });
  const answer = await list();
  expect(problem(answer)).toEqual([503, 'APIGW.0201']);
  expect(answer.headers['retry-after']).toBe('1');
  expect(server.logged().at(-1)).toMatchObject({
    msg: 'request',
    reason: 'the process has more to do than it can',
  });
  for (const path of ['/healthz', '/readyz', '/healthz?a=1']) {
    expect((await server.sendUnsigned({ method: 'GET', path })).status).toBe(200);
  }
  pressure.isHigh.mockReturnValue(false);
  expect((await list()).status).toBe(200);
  await server.close();
  expect(pressure.stop).toHaveBeenCalled();
});
