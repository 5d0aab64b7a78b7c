import { writeSync } from 'node:fs';
import { addVersion, codeOf, create, newVersion, sealedValue } from '../../support/stores.ts';
import { openSqlite } from './harness.ts';

// Writes 64 KiB values until writing fails, then says what it saw. Runs under a limit on the size of files.
const [directory = ''] = process.argv.slice(2);
const { store, fatal } = await openSqlite(directory);
const acknowledged: string[] = [];
const refused: string[] = [];
const projectId = 'limited';

async function client(number: number): Promise<void> {
  for (let count = 0; refused.length === 0 && count < 500; count += 1) {
    const ref = { projectId, name: `c${number}-${count}` };
    try {
      await store.change(create(ref, { version: newVersion({ sealed: sealedValue(65_536) }) }));
      acknowledged.push(ref.name);
    } catch (error) {
      refused.push(codeOf(error));
    }
  }
}

await Promise.all([0, 1, 2, 3].map(client));
const after = await store.change(addVersion({ projectId, name: 'c0-0' }, 'id')).catch(codeOf);
const isWritable = store.storageStatus().refusal === undefined;
const stillReads = acknowledged.filter(
  (name) => store.findValue({ projectId, name }, 'latest') !== undefined,
).length;
await store.close();
writeSync(1, `${JSON.stringify({ acknowledged, refused, fatal, after, isWritable, stillReads })}\n`);
process.exit(0);
