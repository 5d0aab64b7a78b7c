import type { Connection } from '../engine/open.ts';

/** What belongs to no installation, each table after those that refer to it. */
const TABLES = [
  'version_key',
  'version_body',
  'stage',
  'version',
  'secret_tag',
  'secret_grant',
  'secret',
  'task',
  'notification',
  'event',
  'checker_config',
  'kms_key_version',
  'kms_key_alias',
  'kms_key_tag',
  'kms_key',
  'kms_key_destroyed',
  'project',
];

/**
 * Returns what removes all contents, unread, inside the write transaction; the record of the installation stays, with its
 * signing key and what is known of the clock. `onRemoval` is called as for any removal of sealed values.
 */
export function createClearing(db: Connection, onRemoval: () => void): () => void {
  return () => {
    onRemoval();
    for (const table of TABLES) db.exec(`DELETE FROM ${table}`);
  };
}
