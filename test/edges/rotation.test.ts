import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { type Client, createClient, devAccount, readValue, SECRETS } from '../e2e/client.ts';
import { createScratch, run, startDev, until } from '../e2e/process.ts';
import { type FunctionServer, startFunction } from '../support/function-server.ts';

const PROJECT = 'a1'.repeat(16);
const DEV = { CSMS_DEV_PROJECT_ID: PROJECT };
const URN = `urn:fss:local-1:${PROJECT}:function:default:rotate`;
const KEY = 'a key of sixteen bytes and more';
const FIRST = JSON.stringify({ username: 'app', password: 'Canary-one' });

const functions: FunctionServer[] = [];
afterEach(() => {
  for (const one of functions.splice(0)) one.close();
});

async function start() {
  const rotator = await startFunction(KEY, { app: 'Canary-one', app_2: 'Canary-two' });
  functions.push(rotator);
  const directory = createScratch();
  writeFileSync(join(directory, 'rotate.key'), KEY, { mode: 0o600 });
  const entry = `{ urn: "${URN}", url: "${rotator.url}", secret_file: rotate.key }`;
  writeFileSync(join(directory, 'hooks.yaml'), `functions:\n  - ${entry}\n`);
  return { rotator, directory };
}

/** Creates a secret and starts its rotation; returns the task's id. */
async function rotate(client: Client, subType: string): Promise<string> {
  const rotation_config = JSON.stringify({ InstanceId: 'db1', SecretSubType: subType });
  const secret = { secret_type: 'RDS-FG', rotation_config, rotation_func_urn: URN };
  const created = await client('POST', SECRETS, { name: 'db', secret_string: FIRST, ...secret });
  expect(created.status).toBe(200);
  return (await client('POST', `${SECRETS}/db/rotate`)).body.rotation_task_id;
}

async function untilEnded(client: Client, id: string) {
  for (let tries = 0; tries < 300; tries += 1) {
    const { body } = await client('GET', `/v1/{project_id}/csms/tasks?task_id=${id}`);
    if (body.tasks[0].task_status !== 'RUNNING') return body.tasks[0];
    await new Promise((resume) => setTimeout(resume, 50));
  }
  throw new Error('waited in vain for the end of the task');
}

describe('kill -9 in the middle of a rotation', () => {
  const places = (['create', 'set', 'test', 'finish'] as const).flatMap((step) =>
    (['before', 'after'] as const).map((moment) => ({ step, moment })),
  );

  it.each(places)(
    'while the server waits for $step, $moment it was carried out',
    async ({ step, moment }) => {
      const { rotator, directory } = await start();
      // The steps take turns with the strategies, so that both are met by both moments.
      const subType = (step === 'set') === (moment === 'before') ? 'MultiUser' : 'SingleUser';
      let isHere = false;
      rotator.silence = (call) => {
        if (isHere || call.step !== step) return undefined;
        isHere = true;
        return moment;
      };
      const first = await startDev(directory, DEV);
      const id = await rotate(createClient(devAccount(directory, first.baseUrl)), subType);
      await until(() => isHere);
      await first.stop('SIGKILL');

      const second = await startDev(directory, DEV);
      const client = createClient(devAccount(directory, second.baseUrl));
      expect(await untilEnded(client, id)).toMatchObject({ task_status: 'SUCCESS', attempt_nums: 1 });
      const value = JSON.parse((await readValue(client, 'db')) ?? '');
      expect(rotator.database.canLogIn(value)).toBe(true);
      expect(value.username).toBe(subType === 'SingleUser' ? 'app' : 'app_2');
      expect(value.password).toMatch(/^Canary-made-/);
      const { body } = await client('GET', `${SECRETS}/db/versions`);
      const stages = body.version_metadatas.map((one: { version_stages: string[] }) => one.version_stages);
      expect(stages).toEqual([['SYSPREVIOUS'], ['SYSCURRENT']]);
      await second.stop();
      expect(`${first.stderr()}${second.stderr()}`).not.toContain('Canary');
      expect((await run(['verify'], { CSMS_DATA: directory })).code).toBe(0);
    },
  );
});

describe('a server that is stopped in the middle of a rotation', () => {
  it('does not wait for the function, and continues after its next start', async () => {
    const { rotator, directory } = await start();
    let isHere = false;
    rotator.silence = ({ step }) => {
      if (isHere || step !== 'set') return undefined;
      isHere = true;
      return 'after';
    };
    const first = await startDev(directory, DEV);
    const id = await rotate(createClient(devAccount(directory, first.baseUrl)), 'SingleUser');
    await until(() => isHere);
    // The function has half a minute, which this test has not.
    expect(await first.stop()).toBe(0);
    expect(first.stderr()).not.toMatch(/rotation failed|job failed/);
    const second = await startDev(directory, DEV);
    const client = createClient(devAccount(directory, second.baseUrl));
    expect(await untilEnded(client, id)).toMatchObject({ task_status: 'SUCCESS', attempt_nums: 1 });
  });
});
