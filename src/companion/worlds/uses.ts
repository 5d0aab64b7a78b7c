import type { ServerResponse } from 'node:http';
import type { TestWorlds } from './test-worlds.ts';

/** Keeps a world for as long as a client waits for this response. */
export function useUntilClosed(
  worlds: Pick<TestWorlds, 'use'>,
  name: string,
  response: Pick<ServerResponse, 'closed' | 'once'>,
): void {
  const end = worlds.use(name);
  // Who is gone already closes nothing any more.
  if (response.closed) end();
  else response.once('close', end);
}
