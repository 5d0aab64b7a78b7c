import { writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { type Receiver, startReceiver } from '../support/receiver.ts';
import { createClient, devAccount, SECRETS } from './client.ts';
import { createScratch, readCredentials, startDev, until, type Variables } from './process.ts';

const PROJECT = 'a1'.repeat(16);
const TOPIC = `urn:smn:local-1:${PROJECT}:ops`;
const ANY_ADDRESS: Variables = { CSMS_HOST: '0.0.0.0', CSMS_ALLOW_HTTP: '1' };

const receivers: Receiver[] = [];
afterEach(() => {
  for (const receiver of receivers.splice(0)) receiver.close();
});

/** Starts dev; answers where its catalogue and its notifications lead, and what it printed. */
async function addressesOf(variables: Variables, host?: string) {
  const receiver = await startReceiver();
  receivers.push(receiver);
  const directory = createScratch();
  writeFileSync(join(directory, 'ops.key'), 'a key of sixteen bytes and more');
  const topic = `{ urn: "${TOPIC}", endpoints: ["${receiver.url}/"], secret_file: ops.key }`;
  writeFileSync(join(directory, 'hooks.yaml'), `topics:\n  - ${topic}\n`);
  const server = await startDev(directory, { CSMS_DEV_PROJECT_ID: PROJECT, ...variables });
  const client = createClient(devAccount(directory, server.baseUrl));
  const notification = { target_type: 'SMN', target_id: TOPIC, target_name: 'ops' };
  await client('POST', '/v1/{project_id}/csms/events', {
    name: 'alarm',
    event_types: ['SECRET_VERSION_CREATED'],
    state: 'ENABLED',
    notification,
  });
  await client('POST', SECRETS, { name: 'db', secret_string: 'x', event_subscriptions: ['alarm'] });
  await until(() => receiver.received.length === 1);
  const { port } = new URL(server.baseUrl);
  return {
    port,
    catalogue: await catalogueOf(directory, `http://${host ?? '127.0.0.1'}:${port}`),
    certificate: String(receiver.received[0]?.body.signing_cert_url),
    stdout: server.stdout(),
  };
}

async function catalogueOf(directory: string, baseUrl: string): Promise<string[]> {
  const { CSMS_USER, CSMS_DOMAIN, CSMS_PASSWORD } = readCredentials(directory);
  const user = { name: CSMS_USER, password: CSMS_PASSWORD, domain: { name: CSMS_DOMAIN } };
  const answer = await fetch(`${baseUrl}/v3/auth/tokens`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ auth: { identity: { methods: ['password'], password: { user } } } }),
  });
  const { token } = (await answer.json()) as { token: { catalog: { endpoints: { url: string }[] }[] } };
  return token.catalog.flatMap(({ endpoints }) => endpoints.map(({ url }) => new URL(url).origin));
}

describe('a server that listens on all addresses', () => {
  it('leads callers to where they have called, and receivers of notifications to this machine by name', async () => {
    const { port, catalogue, certificate } = await addressesOf(ANY_ADDRESS, 'localhost');
    expect(new Set(catalogue)).toEqual(new Set([`http://localhost:${port}`]));
    expect(certificate).toBe(`http://${hostname()}:${port}/smn/certificate.pem`);
  });

  it('leads everybody to its public URL where it has one, and prints that', async () => {
    const variables = { ...ANY_ADDRESS, CSMS_PUBLIC_URL: 'https://csms.example/' };
    const { catalogue, certificate, stdout } = await addressesOf(variables);
    expect(new Set(catalogue)).toEqual(new Set(['https://csms.example']));
    expect(certificate).toBe('https://csms.example/smn/certificate.pem');
    expect(stdout).toContain('endpoint     https://csms.example');
  });
});

describe('a server on loopback', () => {
  it('has one address for callers and receivers', async () => {
    const { port, catalogue, certificate } = await addressesOf({});
    expect(new Set(catalogue)).toEqual(new Set([`http://127.0.0.1:${port}`]));
    expect(certificate).toBe(`http://127.0.0.1:${port}/smn/certificate.pem`);
  });
});
