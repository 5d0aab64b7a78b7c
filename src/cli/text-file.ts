import { readFileSync } from 'node:fs';
import { StartError } from '../app/start-error.ts';
import { systemCode } from '../std/system-code.ts';

const STDIN = 0;

/** The text of a file that the command line names; `-` is stdin. Throws StartError (configuration). */
export function readTextFile(file: string): string {
  try {
    return readFileSync(file === '-' ? STDIN : file, 'utf8');
  } catch (cause) {
    const reason = systemCode(cause) || 'unknown';
    throw new StartError('configuration', `${file}: cannot be read (${reason})`, { cause });
  }
}
