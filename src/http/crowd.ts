import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { CROWD } from './limits.ts';

/** What V8 offers as `gc` where it is exposed. */
type Collect = (options: {
  readonly type: 'major';
  readonly execution: 'async';
  readonly flavor: 'last-resort';
}) => Promise<void>;

/** Makes what is told, now and then, how many connections are open, and runs `gone` once each time that a crowd has left. */
export function watchCrowd(gone: () => void): (open: number) => void {
  let isThere = false;
  return (open) => {
    if (open >= CROWD.from) isThere = true;
    if (!isThere || open > CROWD.goneAt) return;
    isThere = false;
    gone();
  };
}

/**
 * Has V8 give the memory of what is gone back to the operating system, in a turn of its own that takes some tens of
 * milliseconds. By itself it keeps the heap as large as a crowd has made it: an idle process has no reason to collect.
 * @see docs/adr/0026-connections.md
 */
export function giveMemoryBack(): void {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as Collect;
  void collect({ type: 'major', execution: 'async', flavor: 'last-resort' });
}
