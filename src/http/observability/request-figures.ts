/** Upper bounds of the classes of durations, in seconds; longer ones are in the last class. */
export const DURATION_BOUNDS: readonly number[] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5];

/** The counts of one operation's requests. */
export interface OperationFigures {
  readonly byStatus: Map<number, number>;
  /** Requests of each class of durations, not cumulative; one more than there are bounds. */
  readonly byDuration: number[];
  durationMs: number;
}

/** Counts finished requests by operation. */
export interface RequestFigures {
  count(operation: string, status: number, durationMs: number): void;
  readonly byOperation: ReadonlyMap<string, OperationFigures>;
}

const BOUNDS_MS = DURATION_BOUNDS.map((seconds) => seconds * 1_000);

/** Counts with two look-ups and no garbage, since every request passes here; formatting is left to the reading. */
export function createRequestFigures(): RequestFigures {
  const byOperation = new Map<string, OperationFigures>();
  return {
    byOperation,
    count(operation, status, durationMs) {
      let figures = byOperation.get(operation);
      if (figures === undefined) {
        figures = { byStatus: new Map(), byDuration: new Array(BOUNDS_MS.length + 1).fill(0), durationMs: 0 };
        byOperation.set(operation, figures);
      }
      figures.byStatus.set(status, (figures.byStatus.get(status) ?? 0) + 1);
      let at = 0;
      while (at < BOUNDS_MS.length && durationMs > (BOUNDS_MS[at] ?? 0)) at += 1;
      figures.byDuration[at] = (figures.byDuration[at] ?? 0) + 1;
      figures.durationMs += durationMs;
    },
  };
}
