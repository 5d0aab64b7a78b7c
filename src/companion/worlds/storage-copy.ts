import type { Storage, StorageCopy } from '../../compose/storage.ts';
import { IMAGE_BYTES_MAX } from '../../storage/sqlite/engine/open.ts';
import { worldTooLarge } from '../control/control-error.ts';

/** Copies the data of a world, for a fork or to be read at one moment. Throws ControlError (too-large). */
export function copyStorage(storage: Storage): StorageCopy {
  if (storage.sizeBytes() > IMAGE_BYTES_MAX) throw worldTooLarge();
  return storage.copy();
}
