import { writeSync } from 'node:fs';
import { addVersion, create, newVersion, remove } from '../../support/stores.ts';
import { openSqlite } from './harness.ts';

const CLIENTS = 8;
const VERSIONS = 4;

// Writes without a pause until it is killed, and says on a line of its own what was acknowledged, after it was.
const [directory = '', round = ''] = process.argv.slice(2);
const { store } = await openSqlite(directory);
const projectId = 'load';

async function client(number: number): Promise<never> {
  for (let count = 0; ; count += 1) {
    const ref = { projectId, name: `r${round}-c${number}-${count}` };
    const command = create(ref, { version: newVersion() });
    await store.change(command);
    acknowledge('create', ref.name, 1, command.version.uid);
    for (let added = 1; added < VERSIONS; added += 1) {
      const version = newVersion();
      const result = await store.change(addVersion(ref, command.id, { version }));
      acknowledge('add', ref.name, result.version?.version.number ?? 0, version.uid);
    }
    if (count % 4 !== 3) continue;
    await store.change(remove(ref));
    acknowledge('delete', ref.name, 0, '-');
  }
}

function acknowledge(...words: (string | number)[]): void {
  writeSync(1, `${words.join(' ')}\n`);
}

writeSync(1, 'ready\n');
await Promise.all(Array.from({ length: CLIENTS }, (_, number) => client(number)));
