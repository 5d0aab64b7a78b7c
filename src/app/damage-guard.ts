import { SecretError } from '../core/errors.ts';
import type { Log } from './ports.ts';

/** Lets background work go on beside rows that do not pass their check. */
export interface DamageGuard {
  /** Things found damaged so far; they stay at the head of lists, so a list has to be longer by these. */
  readonly size: number;
  isDamaged(id: string): boolean;
  /** The work's result; undefined when the thing is damaged, which is told to the operator once. */
  run<T>(id: string, work: () => Promise<T>): Promise<T | undefined>;
}

/** Makes a guard for one kind of things; `message` is what the operator is told. */
export function createDamageGuard(log: Log, message: string): DamageGuard {
  const damaged = new Set<string>();
  return {
    get size() {
      return damaged.size;
    },
    isDamaged: (id) => damaged.has(id),
    async run(id, work) {
      try {
        return await work();
      } catch (error) {
        if (!(error instanceof SecretError) || error.code !== 'damaged') throw error;
        if (!damaged.has(id)) log.error({ id }, message);
        damaged.add(id);
        return undefined;
      }
    },
  };
}
