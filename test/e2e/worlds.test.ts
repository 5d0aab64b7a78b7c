import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { createClient, createSecret, devAccount, SECRETS } from './client.ts';
import { createScratch, type RunningServer, readCredentials, startDev } from './process.ts';

const CHOSEN = 'chosen-control-token';

/** Calls the control API of a server with the token of its credentials.env. */
async function control({ baseUrl }: RunningServer, token: string, path = '', body?: object) {
  const response = await fetch(`${baseUrl}/_csms/worlds${path}`, {
    headers: { Authorization: `Bearer ${token}` },
    ...(body !== undefined && { method: 'POST', body: JSON.stringify(body) }),
  });
  // biome-ignore lint/suspicious/noExplicitAny: the test knows the shape
  return { status: response.status, json: (await response.json()) as any };
}

const tokenIn = (directory: string) => readCredentials(directory).CSMS_CONTROL_TOKEN ?? '';

it('the control token is kept, forks are not, and neither leaves a file', async () => {
  const directory = createScratch();
  const first = await startDev(directory);
  const token = tokenIn(directory);
  expect(token).toMatch(/^[A-Za-z0-9_-]{16,128}$/);
  const main = await control(first, token, '/main');
  const { CSMS_CONTROL_TOKEN: _, ...variables } = readCredentials(directory);
  expect(main.json.env).toEqual(variables);
  expect(main.json.credentials.password).toBe(variables.CSMS_PASSWORD);
  const files = readdirSync(directory).sort();
  const forks = await Promise.all(
    ['w1', 'w2'].map((name) => control(first, token, '', { name, credentials: { ak: `AK-${name}` } })),
  );
  for (const { json } of forks) {
    const { ak, sk, project_id: projectId } = json.credentials;
    const client = createClient({ endpoint: first.baseUrl, accessKeyId: ak, secretKey: sk, projectId });
    await createSecret(client, 'of-the-fork');
    expect((await client('GET', SECRETS)).status).toBe(200);
  }
  expect(readdirSync(directory).sort()).toEqual(files);
  await first.stop('SIGKILL');

  const second = await startDev(directory);
  expect(readdirSync(directory).sort()).toEqual(files);
  expect(tokenIn(directory)).toBe(token);
  expect((await control(second, token)).json.worlds.map(({ name }: { name: string }) => name)).toEqual([
    'main',
  ]);
  const { ak, sk, project_id: projectId } = forks[0]?.json.credentials ?? {};
  const gone = createClient({ endpoint: second.baseUrl, accessKeyId: ak, secretKey: sk, projectId });
  expect((await gone('GET', SECRETS)).status).toBe(401);
  const { body } = await createClient(devAccount(directory, second.baseUrl))('GET', SECRETS);
  expect(body.secrets).toEqual([]);
  await second.stop();

  // The operator's own users: the file that names another password is not lost.
  const password = readCredentials(directory).CSMS_PASSWORD;
  const identities = join(directory, 'identities.yaml');
  const third = await startDev(directory, { CSMS_IDENTITIES: identities, CSMS_CONTROL_TOKEN: CHOSEN });
  expect((await control(third, CHOSEN)).status).toBe(200);
  expect((await control(third, token)).status).toBe(401);
  expect(readCredentials(directory)).toMatchObject({
    CSMS_CONTROL_TOKEN: CHOSEN,
    CSMS_ENDPOINT: third.baseUrl,
    CSMS_PASSWORD: password,
  });
  const text = readFileSync(join(directory, 'credentials.env'), 'utf8');
  expect(text.match(/^CSMS_CONTROL_TOKEN=/gm)).toHaveLength(1);
  expect(`${third.stdout()}${third.stderr()}`).not.toContain(CHOSEN);
});
