import { statSync } from 'node:fs';
import type { Log } from '../app/ports/deps.ts';
import type { DirectoryContents } from '../auth/identities/identities.ts';
import { type IdentityWarning, identityWarnings } from '../auth/identities/warnings.ts';

/** The warnings about these identities, by the clock of the machine and the times of the files. */
export function warningsAbout(contents: DirectoryContents): readonly IdentityWarning[] {
  return identityWarnings(contents, {
    nowMs: Date.now(),
    writtenAtMs: (path) => statSync(path, { throwIfNoEntry: false })?.mtimeMs,
  });
}

/** Logs them, a line each. */
export function logWarnings(log: Log, warnings: readonly IdentityWarning[]): void {
  for (const { fields, message } of warnings) log.warn(fields, message);
}
