import { join } from 'node:path';

/** What is in the temporary directory of a server. */
export function temporaryFiles(directory: string) {
  return { dataDirectory: join(directory, 'data'), seedFile: join(directory, 'seed.yaml') } as const;
}
