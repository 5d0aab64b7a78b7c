/**
 * Lets a command continue when its stdout is no longer read, as in `csms-server dev | head -5`: a server keeps serving,
 * and a check ends with what it found. Any other failure, such as a full disk, is reported.
 */
export function watchStdout(onFailure: (error: Error) => void): void {
  process.stdout.on('error', (error) => {
    if (!('code' in error && error.code === 'EPIPE')) onFailure(error);
  });
}

/** Writes to stderr; a missing reader is not a failure. */
export function printToStderr(text: string): void {
  if (process.stderr.listenerCount('error') === 0) process.stderr.on('error', () => undefined);
  process.stderr.write(text);
}
