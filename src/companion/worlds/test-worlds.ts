import type { TestWorld } from './test-world.ts';

/** The worlds that tests control, by their names. */
export interface TestWorlds {
  readonly main: TestWorld;
  /** Main first. */
  all(): readonly TestWorld[];
  find(name: string): TestWorld | undefined;
}

/** Creates the list, with main in it. */
export function createTestWorlds(main: TestWorld): TestWorlds {
  const worlds = new Map([[main.name, main]]);
  return { main, all: () => [...worlds.values()], find: (name) => worlds.get(name) };
}
