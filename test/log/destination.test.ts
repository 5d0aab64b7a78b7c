import { execFileSync } from 'node:child_process';
import { closeSync, constants, mkdtempSync, openSync, readFileSync, readSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createLogDestination } from '../../src/log/destination.ts';

const LINE = `${'x'.repeat(999)}\n`;
/** Beyond what waits and what a pipe takes. */
const TOO_MANY = 3_000;

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'csms-log-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

/** A pipe whose reader reads when it is told to. */
function openPipe() {
  const path = join(directory, 'pipe');
  execFileSync('mkfifo', [path]);
  const reader = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  // Waits when it is full, as the stderr of a process does.
  const descriptor = openSync(path, constants.O_WRONLY);
  const room = Buffer.alloc(65_536);
  return {
    descriptor,
    read(): string {
      try {
        return room.toString('utf8', 0, readSync(reader, room));
      } catch {
        return '';
      }
    },
    leave: () => closeSync(reader),
    close: () => closeSync(descriptor),
  };
}

describe('a reader that has stopped reading', () => {
  it('blocks no one, and later shows how many lines were missed', async () => {
    const pipe = openPipe();
    const log = createLogDestination(pipe.descriptor, { delayMs: 0 });
    for (let count = 0; count < TOO_MANY; count += 1) log.write(LINE);
    expect(log.dropped()).toBeGreaterThan(1_000);
    let text = '';
    const wanted = () => text.includes('dropped');
    while (!wanted()) {
      text += pipe.read();
      await new Promise((resume) => setTimeout(resume, 1));
    }
    const lines = text.split('\n').slice(0, -1);
    const last = JSON.parse(lines.at(-1) ?? '') as Record<string, unknown>;
    expect(last).toMatchObject({ level: 40, lines: log.dropped() });
    expect(lines.length - 1 + log.dropped()).toBe(TOO_MANY);
    expect(new Set(lines.slice(0, -1))).toEqual(new Set([LINE.trim()]));
    log.write('{"msg":"after"}\n');
    log.flush(1_000);
    expect(pipe.read()).toBe('{"msg":"after"}\n');
  });

  it('is waited for at the end only as long as was said', () => {
    const pipe = openPipe();
    const log = createLogDestination(pipe.descriptor, { delayMs: 1_000 });
    for (let count = 0; count < TOO_MANY; count += 1) log.write(LINE);
    const started = performance.now();
    log.flush(50);
    expect(performance.now() - started).toBeLessThan(5_000);
  });

  it('loses at most what is beyond 1 MiB', () => {
    const pipe = openPipe();
    const log = createLogDestination(pipe.descriptor, { delayMs: 0 });
    for (let count = 0; count < 1_000; count += 1) log.write(LINE);
    expect(log.dropped()).toBe(0);
  });
});

describe('a reader that has gone', () => {
  it('is no failure', () => {
    const pipe = openPipe();
    const log = createLogDestination(pipe.descriptor, { delayMs: 0 });
    pipe.leave();
    for (let count = 0; count < TOO_MANY; count += 1) log.write(LINE);
    log.flush(10_000);
    expect(log.dropped()).toBe(TOO_MANY - 1);
  });
});

describe('lines', () => {
  it('come through whole and in order, whatever their length', () => {
    const file = join(directory, 'file');
    const log = createLogDestination(openSync(file, 'a'), { delayMs: 1_000 });
    const lines = Array.from(
      { length: 300 },
      (_, index) => `${index} ${'é'.repeat((index * 997) % 3_000)}\n`,
    );
    const all = [...lines, `${'z'.repeat(200_000)}\n`, ...lines];
    for (const line of all) log.write(line);
    log.flush(0);
    expect(readFileSync(file, 'utf8')).toBe(all.join(''));
  });

  it('go out after the delay, a few at a time', async () => {
    const pipe = openPipe();
    const log = createLogDestination(pipe.descriptor, { delayMs: 5 });
    log.write('one\n');
    log.write('two\n');
    expect(pipe.read()).toBe('');
    let text = '';
    while (text === '') {
      await new Promise((resume) => setTimeout(resume, 1));
      text = pipe.read();
    }
    expect(text).toBe('one\ntwo\n');
  });

  it('are given their form on the way', () => {
    const file = join(directory, 'file');
    const log = createLogDestination(openSync(file, 'a'), {
      delayMs: 0,
      format: (line) => line.toUpperCase(),
    });
    log.write('one\n');
    expect(readFileSync(file, 'utf8')).toBe('ONE\n');
  });
});
