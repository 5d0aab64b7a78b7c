import type { Clock, Learn, Log } from '../app/ports/deps.ts';
import { StartError } from '../app/start-error.ts';
import { openLineFile } from '../files/line-file.ts';

/** Notes what is allowed, one JSON object a line. */
export interface Learning {
  readonly learn: Learn;
  close(): Promise<void>;
}

/** Opens the file of CSMS_POLICY_LEARN; undefined without one. Throws StartError (configuration). */
export async function openLearning(
  path: string | undefined,
  { clock, log }: { readonly clock: Clock; readonly log: Log },
): Promise<Learning | undefined> {
  if (path === undefined) return undefined;
  const lose = () => log.error({}, 'what is allowed is no longer all noted in the file of CSMS_POLICY_LEARN');
  const file = await openLineFile(path, lose).catch((cause: unknown) => {
    throw new StartError('configuration', 'CSMS_POLICY_LEARN cannot be opened for writing', { cause });
  });
  return {
    learn({ action, project = null, resource, user }) {
      const line = { time: clock.nowMs(), user, project, action, resource };
      file.add(`${JSON.stringify(line)}\n`);
    },
    close: () => file.close(),
  };
}
