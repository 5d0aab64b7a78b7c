import { deepEqual, equal, match } from 'node:assert/strict';
import { rmSync, writeFileSync, writeSync } from 'node:fs';
import { makeDirectory, openSqlite, removeDirectory } from '../storage/sqlite/harness.ts';
import { codeOf, create, freshProject } from '../support/stores.ts';

// Started by run.sh under the shim. A commit whose sync fails may or may not be on
// the disk, so its outcome is unknown, the program is told once, and only a restart finds out.
const failing = process.env.FSYNC_EIO_SWITCH ?? '';
const directory = makeDirectory();
const projectId = freshProject();
const put = (name: string) =>
  open.store.change(create({ projectId, name })).then(
    () => 'done',
    (error: unknown) => codeOf(error),
  );

let open = await openSqlite(directory);
equal(await put('before'), 'done');

writeFileSync(failing, '');
const outcomes = await Promise.all(Array.from({ length: 100 }, (_, index) => put(`during-${index}`)));
deepEqual(
  new Set(outcomes),
  new Set(['outcome-unknown']),
  'no command of a failed commit may be acknowledged or refused',
);
rmSync(failing);

equal(await put('after'), 'unavailable', 'a sync that works again must not be believed');
equal(open.store.storageStatus().refusal, 'ended');
equal(open.fatal.length, 1, 'onFatal is called once');
match(open.fatal[0] ?? '', /SQLITE_IOERR_FSYNC/);
await open.store.close();

open = await openSqlite(directory);
const names = (await open.store.listSecrets({ projectId, limit: 500 })).map((secret) => secret.name);
equal(names.includes('before'), true, 'what was acknowledged is there');
equal(names.includes('after'), false);
equal(await put('later'), 'done');
await open.store.close();
removeDirectory(directory);
writeSync(1, `fsync EIO: ok, ${names.length - 1} of 100 unknown outcomes were stored\n`);
process.exit(0);
