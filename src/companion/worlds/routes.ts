import { clockBody } from '../clock/routes.ts';
import type { ControlApp } from '../control/app.ts';
import type { TestWorld } from './test-world.ts';
import type { TestWorlds } from './test-worlds.ts';

/** Adds the list of worlds to the control API. */
export function registerWorlds(control: ControlApp, worlds: TestWorlds): void {
  control.get('/_csms/worlds', () => ({ worlds: worlds.all().map(rowOf) }));
}

function rowOf({ clock, from, name }: TestWorld) {
  return { name, from, ttl: null, clock: clockBody(clock) };
}
