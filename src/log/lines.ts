import pino, { type Logger } from 'pino';

/** Bypasses a logger for lines that are formatted elsewhere, to the same destination. `dropped`: lines lost unread. */
export function linesOf(log: Logger) {
  // pino types its stream as unknown; every stream that it accepts has this method, and ours also counts.
  const stream = (log as unknown as Record<symbol, { write(line: string): void; dropped?(): number }>)[
    pino.symbols.streamSym
  ];
  return {
    levelMin: log.levelVal,
    /** Takes one line, its line feed included. */
    write: (line: string) => stream?.write(line),
    dropped: () => stream?.dropped?.() ?? 0,
  };
}
