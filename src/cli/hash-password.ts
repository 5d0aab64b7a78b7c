import { readFileSync } from 'node:fs';
import { LOGIN_LIMITS } from '../auth/logins/login.ts';
import { hashPassword } from '../auth/logins/password.ts';
import type { CommandInput } from './command-input.ts';
import { EXIT } from './exit-codes.ts';
import { UsageError } from './flags.ts';

const STDIN = 0;

/**
 * `csms-server hash-password`: reads one line from stdin and prints what `password` in an identities file or the file
 * of `password_file` holds. Never from the command line, which every user of the machine can read; on a terminal, what is
 * typed is not shown.
 */
export async function run({ flags }: CommandInput): Promise<number> {
  const hash = await hashPassword(process.stdin.isTTY ? requireGood(await askForPassword()) : readPassword());
  process.stdout.write(flags.has('json') ? `${JSON.stringify({ password: hash })}\n` : `${hash}\n`);
  return EXIT.ok;
}

/** The password on stdin, one line. Throws UsageError. */
export function readPassword(): string {
  return requireGood(readFileSync(STDIN, 'utf8').replace(/\r?\n$/, ''));
}

function requireGood(password: string): string {
  if (password === '' || /[\r\n]/.test(password) || password.length > LOGIN_LIMITS.password) {
    throw new UsageError(
      `give the password as one line on stdin, of at most ${LOGIN_LIMITS.password} characters`,
    );
  }
  return password;
}

async function askForPassword(): Promise<string> {
  const { askUnseen } = await import('./terminal.ts');
  const password = await askUnseen('Password (it is not shown): ');
  if (password !== '' && (await askUnseen('The same again: ')) !== password)
    throw new UsageError('the two differ');
  return password;
}
