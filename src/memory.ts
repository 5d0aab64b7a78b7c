import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** What V8 offers as `gc` where it is exposed. */
type Collect = (options: {
  readonly type: 'major';
  readonly execution: 'async';
  readonly flavor: 'last-resort';
}) => Promise<void>;

/**
 * Has V8 give the memory of what is gone in this thread back to the operating system, in a turn of its own that takes some
 * tens of milliseconds. By itself it keeps the heap as large as a start or a crowd has made it: an idle process has no
 * reason to collect.
 * @see docs/adr/0026-connections.md
 */
export function giveMemoryBack(): void {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as Collect;
  void collect({ type: 'major', execution: 'async', flavor: 'last-resort' });
}
