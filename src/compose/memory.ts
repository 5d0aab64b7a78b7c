import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** V8's `gc`, where it is exposed. */
type Collect = (options: {
  readonly type: 'major';
  readonly execution: 'async';
  readonly flavor: 'last-resort';
}) => Promise<void>;

/**
 * Makes V8 return this thread's garbage to the operating system, in a turn of the event loop that takes some tens of
 * milliseconds. By itself it keeps the heap as large as a start or a peak has made it: an idle process has no reason to
 * collect.
 * @see docs/adr/0026-connections.md
 */
export function giveMemoryBack(): void {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as Collect;
  void collect({ type: 'major', execution: 'async', flavor: 'last-resort' });
}
