import type { KeyObject } from 'node:crypto';
import { parentPort, workerData } from 'node:worker_threads';
import { createRowMac } from '../crypto/row-mac.ts';
import type { WriterSettings } from '../storage/sqlite/engine/protocol.ts';
import { runWriter } from '../storage/sqlite/engine/writer.ts';
import { giveMemoryBack } from './memory.ts';

/** What `compose.ts` starts the writer thread with. */
export interface WriterInput {
  readonly settings: WriterSettings;
  readonly keys: { readonly rowMac: KeyObject };
}

// The writer thread's parts meet here, as the main thread's do in compose.ts.
if (parentPort !== null) {
  const { settings, keys } = workerData as WriterInput;
  runWriter(parentPort, settings, { mac: createRowMac(keys.rowMac), giveMemoryBack });
}
