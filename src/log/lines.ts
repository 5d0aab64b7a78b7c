import pino, { type Logger } from 'pino';

/** Bypasses the logger for lines that are formatted elsewhere, to the same destination. */
export interface LogLines {
  /** The lowest level that is logged, in pino's numbers. */
  readonly levelMin: number;
  /** Takes one line, its line feed included. */
  write(line: string): void;
  /** Lines that were lost unread; for a metric. */
  dropped(): number;
}

/** The lines of a logger: they go where it writes. */
export function linesOf(log: Logger): LogLines {
  // pino types its stream as unknown; every stream that it accepts has this method, and ours also counts.
  const stream = (log as unknown as Record<symbol, { write(line: string): void; dropped?(): number }>)[
    pino.symbols.streamSym
  ];
  return {
    levelMin: log.levelVal,
    write: (line) => stream?.write(line),
    dropped: () => stream?.dropped?.() ?? 0,
  };
}
