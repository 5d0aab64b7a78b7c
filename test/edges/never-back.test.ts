import { once } from 'node:events';
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Client, createClient, createSecret, devAccount, SECRETS } from '../e2e/client.ts';
import { shareDev } from '../e2e/process.ts';

const WRITES = 200;
const READERS = 16;
const NAME = 'busy';

/** What a read has shown: a state between two, since each kind of read sees a part only; and when it was under way. */
interface Sighting {
  readonly what: string;
  readonly startMs: number;
  readonly endMs: number;
  readonly lowest: number;
  readonly highest: number;
}

/** States are counted: 2n when version n is the current one, 2n + 1 when the description says n as well. */
const ofVersion = (id: string) => ({ lowest: 2 * Number(id.slice(1)), highest: 2 * Number(id.slice(1)) + 1 });
const ofDescription = (text: string) => ({ lowest: 2 * Number(text) + 1, highest: 2 * Number(text) + 2 });

const READS: Readonly<
  Record<string, (client: Client) => Promise<Pick<Sighting, 'lowest' | 'highest'> | undefined>>
> = {
  async ListSecretVersions(client) {
    const { status, body } = await client('GET', `${SECRETS}/${NAME}/versions`);
    if (status !== 200) return undefined;
    const current = body.version_metadatas.filter((version: { version_stages: string[] }) =>
      version.version_stages.includes('SYSCURRENT'),
    );
    expect(current).toHaveLength(1);
    return ofVersion(current[0].id);
  },
  async ShowSecretVersion(client) {
    const { status, body } = await client('GET', `${SECRETS}/${NAME}/versions/latest`);
    if (status !== 200) return undefined;
    expect(body.version.secret_string).toBe(`value ${body.version.version_metadata.id}`);
    return ofVersion(body.version.version_metadata.id);
  },
  async ShowSecret(client) {
    const { status, body } = await client('GET', `${SECRETS}/${NAME}`);
    return status === 200 ? ofDescription(body.secret.description) : undefined;
  },
  async ListSecrets(client) {
    const { status, body } = await client('GET', SECRETS);
    return status === 200 ? ofDescription(body.secrets[0].description) : undefined;
  },
};

/** Reads that began after another one had ended and showed something older. */
function findSteps(sightings: readonly Sighting[]): string[] {
  const byEnd = [...sightings].sort((a, b) => a.endMs - b.endMs);
  const found: string[] = [];
  let newest: Sighting | undefined;
  let ended = 0;
  for (const read of [...sightings].sort((a, b) => a.startMs - b.startMs)) {
    for (let next = byEnd[ended]; next !== undefined && next.endMs < read.startMs; next = byEnd[ended]) {
      if (next.lowest > (newest?.lowest ?? 0)) newest = next;
      ended += 1;
    }
    if (newest !== undefined && read.highest < newest.lowest) {
      found.push(`${read.what} showed ${read.highest} after ${newest.what} had shown ${newest.lowest}`);
    }
  }
  return found;
}

describe('reads while the processors are busy and one writer adds versions', () => {
  const lateCount = new URL('late-count.js', import.meta.url).href;
  const dev = shareDev({ CSMS_LOG_LEVEL: 'error', NODE_OPTIONS: `--import=${lateCount}` });
  let burners: Worker[];
  beforeAll(() => {
    burners = Array.from(
      { length: availableParallelism() + 1 },
      () => new Worker('for (let n = 0; ; n += 1) Math.sqrt(n);', { eval: true }),
    );
  });
  afterAll(async () => {
    await Promise.all(burners.map((burner) => burner.terminate()));
  });

  it('never show an older state than a read that had ended before', async () => {
    await Promise.all(burners.map((burner) => (burner.threadId < 0 ? undefined : once(burner, 'online'))));
    const client = createClient(devAccount(dev.directory, dev.server.baseUrl));
    await createSecret(client, NAME, 'value v1');
    await client('PUT', `${SECRETS}/${NAME}`, { description: '1' });
    const sightings: Sighting[] = [];
    let isWriting = true;

    async function see(what: string, read: () => Promise<Pick<Sighting, 'lowest' | 'highest'> | undefined>) {
      const startMs = performance.now();
      const seen = await read();
      // A server that is too busy to answer has shown nothing.
      if (seen !== undefined) sightings.push({ what, startMs, endMs: performance.now(), ...seen });
    }

    async function write(): Promise<void> {
      for (let number = 2; number <= WRITES; number += 1) {
        await see('CreateSecretVersion', () => untilDone(client, number));
        await see('UpdateSecret', () => untilDescribed(client, number));
      }
      isWriting = false;
    }

    async function readOn(first: number): Promise<void> {
      const kinds = Object.entries(READS);
      for (let turn = first; isWriting; turn += 1) {
        const [what, read] = kinds[turn % kinds.length]!;
        await see(what, () => read(client));
      }
    }

    await Promise.all([write(), ...Array.from({ length: READERS }, (_, index) => readOn(index))]);
    expect(findSteps(sightings)).toEqual([]);
    // Otherwise nothing was seen.
    expect(sightings.length).toBeGreaterThan(4 * WRITES);
    expect(Math.max(...sightings.map(({ lowest }) => lowest))).toBe(2 * WRITES + 1);
  });
});

/** Adds version `number`, again while the server is too busy; what was carried out unheard shows by the next number. */
async function untilDone(client: Client, number: number) {
  for (;;) {
    const { status, body } = await client('POST', `${SECRETS}/${NAME}/versions`, {
      secret_string: `value v${number}`,
    });
    if (status === 200) {
      expect(body.version_metadata.id).toBe(`v${number}`);
      return ofVersion(body.version_metadata.id);
    }
    expect(status).toBe(503);
  }
}

async function untilDescribed(client: Client, number: number) {
  for (;;) {
    const { status } = await client('PUT', `${SECRETS}/${NAME}`, { description: String(number) });
    if (status === 200) return ofDescription(String(number));
    expect(status).toBe(503);
  }
}
