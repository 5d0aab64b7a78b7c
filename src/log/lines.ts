import pino, { type Logger } from 'pino';

/** The way around the logger for lines that are made elsewhere, to the same place. */
export interface LogLines {
  /** Lines of a lower level are not wanted; pino's figures. */
  readonly levelMin: number;
  /** Takes one line, its line feed included. */
  write(line: string): void;
  /** Lines that were lost because nobody read them; for a metric. */
  dropped(): number;
}

/** The lines of a logger: they go where it writes itself. */
export function linesOf(log: Logger): LogLines {
  // pino knows its stream as unknown; every stream that it takes has this method, and ours counts beside.
  const stream = (log as unknown as Record<symbol, { write(line: string): void; dropped?(): number }>)[
    pino.symbols.streamSym
  ];
  return {
    levelMin: log.levelVal,
    write: (line) => stream?.write(line),
    dropped: () => stream?.dropped?.() ?? 0,
  };
}
