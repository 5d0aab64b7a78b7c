import type { Awaitable } from '../app/ports/deps.ts';

/**
 * Work that asks for values and continues with them, at once or later, as its driver provides them. A refusal is thrown
 * where it asked.
 */
export type Asking<T> = Generator<Awaitable<unknown>, T, unknown>;

/** Asks for one value: `const secret = yield* ask(engine.load(ref))`. */
export function* ask<T>(value: Awaitable<T>): Asking<T> {
  // The driver passes back what the value resolved to.
  return (yield value) as T;
}

/** Drives work whose values are all available at once. */
export function driveNow<T>(asking: Asking<T>): T {
  for (let step = asking.next(); ; step = asking.next(step.value)) if (step.done) return step.value;
}
