import { createInterface } from 'node:readline';
import { Writable } from 'node:stream';
import { printToStderr } from './standard-streams.ts';

/** Asks for one line at the terminal without showing what is typed. Empty at the end of the input. */
export async function askUnseen(question: string): Promise<string> {
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
  const lines = createInterface({ input: process.stdin, output: nowhere, terminal: true, historySize: 0 });
  printToStderr(question);
  const line = await new Promise<string>((resolve) => {
    lines.once('line', resolve).once('close', () => resolve(''));
    // Reading key by key makes Ctrl-C an ordinary key.
    lines.once('SIGINT', () => {
      lines.close();
      printToStderr('\n');
      process.kill(process.pid, 'SIGINT');
    });
  });
  lines.close();
  printToStderr('\n');
  return line;
}
