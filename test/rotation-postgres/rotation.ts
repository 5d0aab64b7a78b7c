import { deepStrictEqual, match, notStrictEqual, strictEqual } from 'node:assert/strict';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { type Client, createSigned } from './client.ts';
import {
  ADMIN,
  makeScratch,
  type Running,
  startFunction,
  startPostgres,
  startRelay,
  startServer,
  WEBHOOK_KEY,
} from './processes.ts';

/** The little of the driver that is used here; it is installed by run.sh, apart from the program's own packages. */
interface Driver {
  readonly Client: new (
    options: object,
  ) => {
    connect(): Promise<void>;
    query(text: string): Promise<{ rows: Record<string, unknown>[] }>;
    end(): Promise<void>;
  };
}

const pg = createRequire(join(process.env.PG_MODULES ?? '', 'index.js'))('pg') as Driver;
const PROJECT = 'a1'.repeat(16);
const SECRETS = `/v1/${PROJECT}/secrets`;
const urn = (name: string) => `urn:fss:local-1:${PROJECT}:function:default:${name}`;

const scratch = makeScratch();
const data = join(scratch, 'data');
const running: Running[] = [];
let port = 0;
let server: Awaited<ReturnType<typeof startServer>>;
let call: Client;

type Relay = Parameters<typeof startRelay>[1];
const passOn: Relay = (_step, pass) => pass();
/** What happens to the next call of a function. */
let atCall = passOn;
const relays: { close(): void }[] = [];

interface Account {
  readonly username: string;
  readonly password: string;
}

/** Runs a statement as that account; returns the name of the error's code where it is refused. */
async function as({ username, password }: Account, statement: string): Promise<unknown> {
  const client = new pg.Client({ host: '127.0.0.1', port, database: 'postgres', user: username, password });
  try {
    await client.connect();
    return (await client.query(statement)).rows;
  } catch (error) {
    return (error as { code?: string }).code;
  } finally {
    await client.end();
  }
}
const WHO = 'SELECT current_user AS me';
const INVALID_PASSWORD = '28P01';

/** Creates a role and the secret that holds its first password. */
async function create(name: string, strategy: 'SingleUser' | 'MultiUser'): Promise<Account> {
  const account = { username: name, password: `first password of ${name}` };
  deepStrictEqual(await as(ADMIN, `CREATE ROLE "${name}" LOGIN PASSWORD '${account.password}'`), []);
  const answer = await call('POST', SECRETS, {
    name,
    secret_string: JSON.stringify(account),
    secret_type: 'RDS-FG',
    rotation_config: JSON.stringify({ InstanceId: 'db1', SecretSubType: strategy }),
    rotation_func_urn: urn(strategy),
  });
  strictEqual(answer.status, 200);
  return account;
}

async function startRotation(name: string): Promise<string> {
  const { status, body } = await call('POST', `${SECRETS}/${name}/rotate`);
  strictEqual(status, 200);
  return body.rotation_task_id;
}

async function untilEnded(id: string) {
  for (;;) {
    const { body } = await call('GET', `/v1/${PROJECT}/csms/tasks?task_id=${id}`);
    if (body.tasks[0].task_status !== 'RUNNING') return body.tasks[0];
    await new Promise((resume) => setTimeout(resume, 100));
  }
}

async function rotate(name: string): Promise<void> {
  const task = await untilEnded(await startRotation(name));
  deepStrictEqual([task.task_status, task.task_error_code], ['SUCCESS', null]);
}

async function read(name: string): Promise<Account> {
  const { body } = await call('GET', `${SECRETS}/${name}/versions/latest`);
  return JSON.parse(body.version.secret_string);
}

before(async () => {
  const database = await startPostgres(scratch);
  running.push(database);
  port = database.port;
  const single = await startFunction(scratch, 'single-user', port);
  running.push(single);
  const multi = await startFunction(scratch, 'multi-user', port);
  running.push(multi);
  mkdirSync(data, { mode: 0o700 });
  writeFileSync(join(data, 'rotate.key'), WEBHOOK_KEY, { mode: 0o600 });
  const entry = (name: string, url: string) =>
    `  - { urn: "${urn(name)}", url: "${url}", secret_file: rotate.key }\n`;
  const relayTo = async ({ url }: { readonly url: string }) => {
    const relay = await startRelay(url, (step, pass) => atCall(step, pass));
    relays.push(relay);
    return relay.url;
  };
  const [one, two] = [await relayTo(single), await relayTo(multi)];
  const functions = `${entry('SingleUser', one)}${entry('MultiUser', two)}`;
  writeFileSync(join(data, 'hooks.yaml'), `functions:\n${functions}`, { mode: 0o600 });
  await start();
});
after(async () => {
  for (const relay of relays) relay.close();
  for (const one of running.reverse()) await one.stop();
  rmSync(scratch, { recursive: true, force: true });
});

async function start(): Promise<void> {
  server = await startServer(data, PROJECT);
  running.push(server);
  call = createSigned(server.credentials);
}

describe('SingleUser', () => {
  it('refuses the old password and takes the new one', async () => {
    const old = await create('app', 'SingleUser');
    deepStrictEqual(await as(old, WHO), [{ me: 'app' }]);
    await rotate('app');
    const present = await read('app');
    strictEqual(present.username, 'app');
    match(present.password, /^[\w.~-]{32}$/);
    strictEqual(await as(old, WHO), INVALID_PASSWORD);
    deepStrictEqual(await as(present, WHO), [{ me: 'app' }]);
  });

  it('does so again and again', async () => {
    const before = await read('app');
    await rotate('app');
    const present = await read('app');
    notStrictEqual(present.password, before.password);
    strictEqual(await as(before, WHO), INVALID_PASSWORD);
    deepStrictEqual(await as(present, WHO), [{ me: 'app' }]);
  });

  it('fails with a clear text when someone changed the password by hand, and works once the secret follows', async () => {
    const byHand = { username: 'lost', password: 'set by hand' };
    await create('lost', 'SingleUser');
    deepStrictEqual(await as(ADMIN, `ALTER ROLE lost PASSWORD '${byHand.password}'`), []);
    const id = await startRotation('lost');
    for (;;) {
      const { body } = await call('GET', `/v1/${PROJECT}/csms/tasks?task_id=${id}`);
      const [task] = body.tasks;
      if (task.task_error_code !== null) {
        strictEqual(task.task_error_code, 'FUNCTION_FAILED');
        match(task.task_error_msg, /28P01/);
        break;
      }
      await new Promise((resume) => setTimeout(resume, 100));
    }
    const secret_string = JSON.stringify(byHand);
    strictEqual((await call('POST', `${SECRETS}/lost/versions`, { secret_string })).status, 200);
    // The next attempt comes at once, and takes the present value.
    strictEqual(await startRotation('lost'), id);
    strictEqual((await untilEnded(id)).task_status, 'SUCCESS');
    strictEqual(await as(byHand, WHO), INVALID_PASSWORD);
    deepStrictEqual(await as(await read('lost'), WHO), [{ me: 'lost' }]);
  });
});

describe('MultiUser', () => {
  it('resets the account that is not in use, and leaves the other alone', async () => {
    const first = await create('shop', 'MultiUser');
    deepStrictEqual(await as(ADMIN, `CREATE ROLE shop_2 LOGIN PASSWORD 'x'`), []);
    await rotate('shop');
    const second = await read('shop');
    strictEqual(second.username, 'shop_2');
    deepStrictEqual(await as(second, WHO), [{ me: 'shop_2' }]);
    // Clients that have not read the secret again continue.
    deepStrictEqual(await as(first, WHO), [{ me: 'shop' }]);

    await rotate('shop');
    const third = await read('shop');
    strictEqual(third.username, 'shop');
    strictEqual(await as(first, WHO), INVALID_PASSWORD);
    deepStrictEqual(await as(third, WHO), [{ me: 'shop' }]);
    deepStrictEqual(await as(second, WHO), [{ me: 'shop_2' }]);
  });
});

describe('kill -9 of the server', () => {
  for (const strategy of ['SingleUser', 'MultiUser'] as const) {
    it(`before and after each call of the function (${strategy}) leaves a secret that logs in`, async () => {
      const name = `killed_${strategy.toLowerCase()}`;
      await create(name, strategy);
      if (strategy === 'MultiUser') await as(ADMIN, `CREATE ROLE ${name}_2 LOGIN PASSWORD 'x'`);
      for (const step of ['create', 'set', 'test', 'finish']) {
        for (const moment of ['before', 'after']) {
          const old = await read(name);
          const killed = Promise.withResolvers<void>();
          atCall = async (called, pass) => {
            if (called !== step) return pass();
            atCall = passOn;
            if (moment === 'after') await pass();
            await server.stop('SIGKILL');
            killed.resolve();
            return undefined;
          };
          const id = await startRotation(name);
          await killed.promise;
          await start();
          const task = await untilEnded(id);
          deepStrictEqual([task.task_status, task.attempt_nums], ['SUCCESS', 1], `${moment} ${step}`);
          const present = await read(name);
          notStrictEqual(present.password, old.password);
          deepStrictEqual(await as(present, WHO), [{ me: present.username }]);
        }
      }
      const { body } = await call('GET', `${SECRETS}/${name}/versions`);
      const stages = body.version_metadatas.flatMap(
        (one: { version_stages: string[] }) => one.version_stages,
      );
      deepStrictEqual(stages.sort(), ['SYSCURRENT', 'SYSPREVIOUS']);
    });
  }
});
