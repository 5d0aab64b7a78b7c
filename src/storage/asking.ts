import type { Awaitable } from '../app/ports/deps.ts';

/**
 * Work that asks and continues with the answers, whoever drives it: at once, or when they come. A refusal is thrown where it
 * was asked for.
 */
export type Asking<T> = Generator<Awaitable<unknown>, T, unknown>;

/** Asks for one answer: `const secret = yield* ask(engine.load(ref))`. */
export function* ask<T>(answer: Awaitable<T>): Asking<T> {
  // Whoever drives gives back what the answer came to.
  return (yield answer) as T;
}

/** Drives work whose answers are all there at once. */
export function answerNow<T>(asking: Asking<T>): T {
  for (let step = asking.next(); ; step = asking.next(step.value)) if (step.done) return step.value;
}
