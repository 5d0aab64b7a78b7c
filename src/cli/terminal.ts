import { createInterface } from 'node:readline';
import { Writable } from 'node:stream';
import { printToStderr } from './standard-streams.ts';

/** Asks the person at the terminal for one line and does not show what is typed. Empty at the end of the input. */
export async function askUnseen(question: string): Promise<string> {
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
  const lines = createInterface({ input: process.stdin, output: nowhere, terminal: true, historySize: 0 });
  printToStderr(question);
  const line = await new Promise<string>((resolve) => {
    lines.once('line', resolve).once('close', () => resolve(''));
    // Reading key by key turns Ctrl-C into a key like others.
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
