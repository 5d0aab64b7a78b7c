import { runCommandLine } from './cli/command-line.ts';
import { exitCodeOf, printFailure } from './cli/exit-codes.ts';
import { watchStdout } from './cli/standard-streams.ts';

// Files are private from the first; a thread cannot set this later.
process.umask(0o077);
// Without a listener this signal opens the debugger.
process.on('SIGUSR1', () => undefined);

function fail(error: unknown): void {
  printFailure(error);
  process.exitCode = exitCodeOf(error);
}

watchStdout(fail);
runCommandLine(process.argv.slice(2), process.env).then((code) => {
  process.exitCode = code;
}, fail);
