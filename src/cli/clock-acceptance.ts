import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { StartError } from '../app/start-error.ts';
import { openInstallation } from '../compose/installation.ts';
import { systemClock } from '../compose/sources.ts';
import { type DataConfig, readVerifyConfig } from '../config/config.ts';
import { createRowMac } from '../crypto/row-mac.ts';
import { createChangeCounters } from '../storage/sqlite/engine/change-counters.ts';
import {
  createCommitBatch,
  DatabaseLockedError,
  DiskFullError,
} from '../storage/sqlite/engine/group-commit.ts';
import { LOCKED, openWriter } from '../storage/sqlite/engine/open.ts';
import { fromSentError } from '../storage/sqlite/engine/protocol.ts';
import { dataFolder } from '../storage/sqlite/files/data-directory.ts';
import type { CommandInput } from './command-input.ts';
import { EXIT } from './exit-codes.ts';

/**
 * `csms-server clock accept`: the machine's clock is right after all. Throws StartError.
 * @see docs/adr/0037-clock-at-the-start.md
 */
export async function acceptMachineClock({ env }: CommandInput): Promise<number> {
  const config = readVerifyConfig({ ...env, CSMS_DATA: dataFolder(env.CSMS_DATA || '.csms') });
  // Opening it would create a new one.
  if (!existsSync(join(config.dataDirectory, 'csms.db'))) {
    throw new StartError('configuration', `there is no database in ${config.dataDirectory}`);
  }
  const acceptedMs = acceptClock(config);
  process.stdout.write(`the clock is believed from now on: ${new Date(acceptedMs).toISOString()}\n`);
  return EXIT.ok;
}

/**
 * Stores the present time as the last time seen, so that the next start believes the clock; returns it in epoch
 * milliseconds. The server must not be running. Throws what opening the installation throws; StartError (taken) also when
 * another program has locked the database or the disk is full; SecretError.
 */
function acceptClock(config: DataConfig): number {
  const { open, rootKey } = openInstallation(config, systemClock);
  const db = openWriter(open.databaseFile);
  try {
    const nowMs = systemClock.nowMs();
    const record = { seenMs: nowMs, hold: undefined };
    const command = { aggregate: 'clock', kind: 'record-clock', record, nowMs } as const;
    const actor = { kind: 'system', job: 'clock' } as const;
    const commit = createCommitBatch(db, createRowMac(rootKey.derive('rowmac')), createChangeCounters());
    for (const outcome of commit([{ id: 1, command, actor }])) {
      if ('error' in outcome) throw fromSentError(outcome.error);
    }
    return nowMs;
  } catch (cause) {
    if (!(cause instanceof DatabaseLockedError || cause instanceof DiskFullError)) throw cause;
    const reason = cause instanceof DiskFullError ? 'no space is left on its volume' : LOCKED;
    throw new StartError('taken', `the clock is not accepted: ${reason}`, { cause });
  } finally {
    db.close();
    open.release();
  }
}
