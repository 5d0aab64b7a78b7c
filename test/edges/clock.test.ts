import { describe, expect, it } from 'vitest';
import { createClient, devAccount, SECRETS } from '../e2e/client.ts';
import { createScratch, type RunningServer, run, startDev, until } from '../e2e/process.ts';

const DAY_MS = 86_400_000;

/** Shifts a process's wall clock by that many days; its monotonic clock stays as it is. */
function shifted(days: number): { readonly NODE_OPTIONS: string } {
  const source = `const now = Date.now; Date.now = () => now() + ${days * DAY_MS};`;
  return { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(source)}` };
}

async function figure(server: RunningServer, name: string): Promise<number> {
  const text = await (await fetch(`${server.baseUrl}/metrics`)).text();
  return Number(new RegExp(`^${name}\\{job="purge"\\} (\\S+)$`, 'm').exec(text)?.[1]);
}

/** A data directory with a secret that is due in a week, and the status of its next reading. */
async function withDeletion() {
  const directory = createScratch();
  const server = await startDev(directory);
  const client = createClient(devAccount(directory, server.baseUrl));
  await client('POST', SECRETS, { name: 'waiting', secret_string: 'x' });
  const task = `${SECRETS}/waiting/scheduled-deleted-tasks/create`;
  expect((await client('POST', task, { recovery_window_in_days: 7 })).status).toBe(200);
  await server.stop();
  const status = async () => {
    const later = await startDev(directory);
    const answer = await createClient(devAccount(directory, later.baseUrl))('GET', `${SECRETS}/waiting`);
    await later.stop();
    return answer.status;
  };
  return { directory, status };
}

describe('a start with a clock that is two months ahead', () => {
  it('deletes nothing, says how to continue, and leaves no trace once the clock is right', async () => {
    const { directory, status } = await withDeletion();
    const server = await startDev(directory, shifted(60));
    await server.logged('csms-server clock accept');
    // The job is due and waits.
    await expect.poll(() => figure(server, 'csms_job_lag_seconds'), { timeout: 60_000 }).toBeGreaterThan(2);
    expect(await figure(server, 'csms_job_held')).toBe(1);
    await server.stop();
    expect(await status()).toBe(200);
  });

  it('deletes what is due after csms-server clock accept', async () => {
    const { directory, status } = await withDeletion();
    const accepted = await run(['clock', 'accept'], { CSMS_DATA: directory, ...shifted(60) });
    expect(accepted).toMatchObject({ code: 0, stderr: '' });
    const server = await startDev(directory, shifted(60));
    await until(() => server.stderr().includes('carried out scheduled deletions'), server.stderr);
    await server.stop();
    expect(await status()).toBe(404);
  });
});

describe('csms-server clock accept', () => {
  it('ends with 69 while the server runs', async () => {
    const directory = createScratch();
    await startDev(directory);
    expect((await run(['clock', 'accept'], { CSMS_DATA: directory })).code).toBe(69);
  });

  it('ends with 78 where there is no database, and makes none', async () => {
    const directory = createScratch();
    expect((await run(['clock', 'accept'], { CSMS_DATA: directory })).code).toBe(78);
    expect((await run(['clock', 'accept'], { CSMS_DATA: directory })).stderr).toContain('no database');
  });

  it.each([[[]], [['believe']], [['accept', 'now']]])(
    'needs no server for this word alone: %j',
    async (words) => {
      expect((await run(['clock', ...words], {})).code).toBe(64);
    },
  );
});
