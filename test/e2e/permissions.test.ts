import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { blockOf, readPage } from '../docs/pages.ts';
import { type Client, createClient, createSecret, SECRETS } from './client.ts';
import {
  MAIN,
  outliveTest,
  ROOT,
  type RunningServer,
  run,
  runProgram,
  shareScratch,
  startServer,
} from './process.ts';

const PAGE = 'docs/permissions.md';
const PROJECT = '1'.repeat(32);
const USERS = ['root', 'ann', 'ben', 'ci', 'auditor'] as const;
const secretKeyOf = (user: string) => user.repeat(40).slice(0, 40);

const place = shareScratch();
let server: RunningServer;

beforeAll(async () => {
  writeFileSync(join(place, 'identities.yaml'), blockOf(PAGE, 'permissions'), { mode: 0o600 });
  for (const user of USERS) writeFileSync(join(place, `${user}.sk`), secretKeyOf(user), { mode: 0o600 });
  expect((await run(['init', join(place, 'set')])).code).toBe(0);
  server = outliveTest(
    await startServer(['serve'], {
      CSMS_DATA: join(place, 'data'),
      CSMS_IDENTITIES: join(place, 'identities.yaml'),
      CSMS_ROOT_KEY: `file:${join(place, 'set', 'root.key')}`,
      CSMS_PORT: '0',
    }),
  );
  const root = clientOf('root');
  for (const name of ['payments-db', 'shop-db', 'ledger']) await createSecret(root, name);
  const { id } = (await root('GET', `${SECRETS}/ledger`)).body.secret;
  const tag = { key: 'team', value: 'payments' };
  expect((await root('POST', `/v1/{project_id}/csms/${id}/tags`, { tag })).status).toBe(204);
});

afterAll(async () => {
  await server.stop();
});

function clientOf(user: string): Client {
  return createClient({
    endpoint: server.baseUrl,
    accessKeyId: `AK1${user.toUpperCase()}`,
    secretKey: secretKeyOf(user),
    projectId: PROJECT,
  });
}

/** The rows of the page's table: who, what is called, and what comes of it. */
const outcomes = [
  ...(/<!-{2} checked: outcomes -->\n\|.*\n\|.*\n((?:\|.*\n)+)/.exec(readPage(PAGE))?.[1] ?? '').matchAll(
    /^\| (\w+) \| `(\w+) (\S+)(?: (\{.*\}))?` \| (\d{3})(.*) \|$/gm,
  ),
].map(([, who = '', method = '', path = '', body, status, more = '']) => ({
  who,
  method,
  path,
  body,
  status: Number(status),
  listed: [...more.matchAll(/`([\w-]+)`/g)].map(([, name]) => name),
}));

describe('the example of the page about permissions', () => {
  it('has outcomes for all but the administrator', () => {
    expect(new Set(outcomes.map(({ who }) => who))).toEqual(new Set(USERS.slice(1)));
    expect(outcomes.length).toBeGreaterThanOrEqual(15);
  });

  it.each(outcomes)('holds for $who: $method $path', async ({ who, method, path, body, status, listed }) => {
    const answer = await clientOf(who)(method, path, body && JSON.parse(body));
    expect(answer.status).toBe(status);
    if (listed.length === 0) return;
    expect(answer.body.secrets.map(({ name }: { name: string }) => name)).toEqual(listed);
  });
});

describe('the commands of the page about permissions', () => {
  const marked = /<!-{2} test: (\w+\.sh)(?:, prints (.+))? -->\n```sh\n([\s\S]*?)\n```/g;
  const blocks = [...readPage(PAGE).matchAll(marked)].map(([, program = '', prints = '', code = '']) => ({
    program,
    prints,
    code,
  }));

  beforeAll(() => {
    const command = `exec '${process.execPath}' '${join(ROOT, MAIN)}' "$@"`;
    mkdirSync(join(place, 'bin'));
    writeFileSync(join(place, 'bin', 'csms-server'), `#!/bin/sh\n${command}\n`, { mode: 0o755 });
  });

  it.each(blocks)('$program prints what the page says: $prints', async ({ prints, code }) => {
    const PATH = `${join(place, 'bin')}:${process.env.PATH}`;
    const ended = await runProgram(['sh', '-euc', `cd '${place}'\n${code}`], { PATH });
    expect(ended).toMatchObject({ code: 0, stdout: expect.stringContaining(prints) });
  });

  it('are all run', () => {
    expect(blocks).toHaveLength(readPage(PAGE).split('```sh').length - 1);
  });
});
