/**
 * Lets a command continue when nobody reads its stdout any more, as in `csms-server dev | head -5`: a server serves on, and a
 * check ends with what it found. Any other failure, such as a full disk, is told.
 */
export function watchStdout(onFailure: (error: Error) => void): void {
  process.stdout.on('error', (error) => {
    if (!('code' in error && error.code === 'EPIPE')) onFailure(error);
  });
}

/** Writes to stderr; that nobody reads it is no failure. */
export function printToStderr(text: string): void {
  if (process.stderr.listenerCount('error') === 0) process.stderr.on('error', () => undefined);
  process.stderr.write(text);
}
