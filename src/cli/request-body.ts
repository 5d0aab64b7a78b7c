import { readFileSync } from 'node:fs';
import { systemCode } from '../std/system-code.ts';
import { UsageError } from './flags.ts';

const STDIN = 0;

/**
 * The body that `-d` gives: text, `@FILE` or `@-` for stdin, which keep a value off the command line that every user of
 * the machine can read. Undefined without the flag. Throws UsageError for a file that cannot be read.
 */
export function readRequestBody(flags: ReadonlyMap<string, string>): string | undefined {
  const given = flags.get('d');
  if (given === undefined || !given.startsWith('@')) return given;
  const file = given.slice(1);
  try {
    return readFileSync(file === '-' ? STDIN : file, 'utf8');
  } catch (error) {
    const code = systemCode(error) || 'unknown';
    throw new UsageError(`-d: ${file} cannot be read (${code})`);
  }
}
