import { readFileSync, statSync } from 'node:fs';

/**
 * The process that has a lock on a file, according to Linux; undefined where that is unknown: on another system or
 * machine, or in a container that does not see the process.
 */
export function lockHolder(file: string): number | undefined {
  try {
    const { ino } = statSync(file);
    // `1: POSIX ADVISORY WRITE 4711 fd:01:1234 128 128`
    const line = readFileSync('/proc/locks', 'utf8')
      .split('\n')
      .find((text) => new RegExp(` \\d+ [0-9a-f]+:[0-9a-f]+:${ino} `).test(text));
    const pid = Number(/ (\d+) [0-9a-f]+:[0-9a-f]+:\d+ /.exec(line ?? '')?.[1]);
    return pid > 0 ? pid : undefined;
  } catch {
    return undefined;
  }
}
