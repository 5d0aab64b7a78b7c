import { isUtf8 } from 'node:buffer';
import { readFileSync } from 'node:fs';
import { StartError } from '../app/start-error.ts';
import { systemCode } from '../std/system-code.ts';
import { FileError } from '../yaml/file-error.ts';

const STDIN = 0;

/**
 * The text of a file that the command line names; `-` is stdin. Throws StartError (configuration); FileError for anything
 * but UTF-8, of which values would be changed.
 */
export function readTextFile(file: string): string {
  const bytes = readBytes(file);
  if (!isUtf8(bytes)) throw new FileError({ file, line: 1, key: '(file)' }, 'must be UTF-8');
  return bytes.toString('utf8');
}

function readBytes(file: string): Buffer {
  try {
    return readFileSync(file === '-' ? STDIN : file);
  } catch (cause) {
    const reason = systemCode(cause) || 'unknown';
    throw new StartError('configuration', `${file}: cannot be read (${reason})`, { cause });
  }
}
