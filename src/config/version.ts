import { readFileSync } from 'node:fs';
import { RESOURCES } from '../std/resources.ts';

/** The program's version, from package.json. */
export function readVersion(): string {
  const text = readFileSync(RESOURCES.manifest, 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}
