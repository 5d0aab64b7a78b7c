import { X509Certificate } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { isSignedBySmn, isSignedWith, type Receiver, startReceiver } from '../../support/receiver.ts';
import { ALPHA, BETA, shareServer, type TestServer } from '../../support/server.ts';
import { callsOf, ok } from '../calls.ts';

const SECRET = 'the key of the topic called ops';
const urn = (topic: string, project = ALPHA) => `urn:smn:local-1:${project}:${topic}`;

let receiver: Receiver;
const directory = mkdtempSync(join(tmpdir(), 'csms-hooks-'));
const server = shareServer(async () => {
  receiver = await startReceiver();
  writeFileSync(join(directory, 'ops.key'), SECRET, { mode: 0o600 });
  const topic = (name: string) =>
    `  - { urn: "${urn(name)}", endpoints: ["${receiver.url}/${name}"], secret_file: ops.key }\n`;
  writeFileSync(join(directory, 'hooks.yaml'), `topics:\n${topic('ops')}${topic('other')}`);
  const env = {
    CSMS_HOOKS: join(directory, 'hooks.yaml'),
    CSMS_WEBHOOK_HOSTS: 'loopback',
    CSMS_METRICS: 'on',
  };
  return { env, listen: true };
});
afterAll(() => {
  receiver.close();
  rmSync(directory, { recursive: true, force: true });
});
const acme = callsOf(server);

const csms = (method: string, path: string, body?: unknown, project = ALPHA) =>
  server.send({ method, path: `/v1/${project}/csms/${path}`, body });
const records = async (project = ALPHA) =>
  ok(await csms('GET', 'notification-records', undefined, project)).records;
async function createEvent(name: string, target_id = urn('ops'), project = ALPHA): Promise<void> {
  const types = ['SECRET_VERSION_CREATED', 'SECRET_VERSION_EXPIRED', 'SECRET_DELETED'];
  const notification = { target_type: 'SMN', target_id, target_name: 'ops' };
  ok(await csms('POST', 'events', { name, event_types: types, state: 'ENABLED', notification }, project));
}
/** Messages about one secret, in the order in which their notifications were made. */
const messagesAbout = (name: string) =>
  receiver.received
    .map((message) => ({ ...message, content: JSON.parse(message.body.message!) }))
    .filter(({ content }) => content.data.secretName === name)
    .sort((a, b) => a.content.eventTime.localeCompare(b.content.eventTime));

describe('a change of a subscribed secret', () => {
  it('reaches the topic’s endpoint, signed so that a receiver can check it, and is recorded', async () => {
    await createEvent('alarm');
    const secret = await acme.create('told', {
      secret_string: 'Canary-value-77',
      event_subscriptions: ['alarm'],
    });
    await acme.addVersion('told', { secret_string: 'Canary-value-78', expire_time: 1 });
    await expect.poll(() => messagesAbout('told').length, { timeout: 60_000 }).toBe(3);
    ok(await acme.remove('/told'));
    await expect.poll(() => messagesAbout('told').length, { timeout: 60_000 }).toBe(4);

    const messages = messagesAbout('told');
    expect(messages.map(({ content }) => [content.eventType, content.data.versionId])).toEqual([
      ['SECRET_VERSION_CREATED', 'v1'],
      ['SECRET_VERSION_CREATED', 'v2'],
      ['SECRET_VERSION_EXPIRED', 'v2'],
      ['SECRET_DELETED', undefined],
    ]);
    for (const message of messages) {
      expect(message.path).toBe('/ops');
      expect(await isSignedBySmn(message)).toBe(true);
      const forged = {
        ...message,
        body: { ...message.body, message: message.body.message!.replace('told', 'tolD') },
      };
      expect(await isSignedBySmn(forged)).toBe(false);
      expect(isSignedWith(SECRET, message, Date.now())).toBe(true);
      expect(isSignedWith('another secret of the same kind', message, Date.now())).toBe(false);
      expect(isSignedWith(SECRET, { ...message, text: `${message.text} ` }, Date.now())).toBe(false);
      expect(message.headers).toMatchObject({
        'content-type': 'application/json; charset=utf-8',
        'x-smn-message-type': 'Notification',
        'x-smn-message-id': message.body.message_id,
        'x-smn-topic-urn': urn('ops'),
      });
      expect(message.content.data.secretId).toBe(secret.id);
      expect(message.text).not.toContain('Canary');
    }
    expect(new Set(messages.map(({ body }) => body.message_id)).size).toBe(4);
    expect(messages[2]?.content.data.versionExpireTime).toBe('1970-01-01T00:00:00.001Z');

    await expect.poll(async () => (await records()).length).toBe(4);
    const [newest] = await records();
    expect(newest).toEqual({
      event_name: 'alarm',
      trigger_event_type: 'SECRET_DELETED',
      create_time: expect.any(Number),
      secret_name: 'told',
      secret_type: 'COMMON',
      notification_target_name: 'ops',
      notification_target_id: urn('ops'),
      notification_content: messages[3]?.body.message,
      notification_status: 'SUCCESS',
    });
  });

  it('is INVALID where the topic leads nowhere, or belongs to another project', async () => {
    await createEvent('lost', urn('nowhere'));
    await createEvent('foreign', urn('ops'), BETA);
    const beta = callsOf(server, undefined, BETA);
    await acme.create('lost', { secret_string: 'x', event_subscriptions: ['lost'] });
    await beta.create('foreign', { secret_string: 'x', event_subscriptions: ['foreign'] });
    const statuses = async () => {
      const all = [...(await records()), ...(await records(BETA))];
      return all
        .filter(({ event_name }) => ['lost', 'foreign'].includes(event_name))
        .map(({ notification_status }) => notification_status);
    };
    await expect.poll(statuses, { timeout: 60_000 }).toEqual(['INVALID', 'INVALID']);
    expect([messagesAbout('lost'), messagesAbout('foreign')]).toEqual([[], []]);
  });

  it('waits while the endpoint fails, is no record meanwhile, and keeps its message id', async () => {
    receiver.status = 503;
    await createEvent('stubborn', urn('other'));
    await acme.create('stubborn', { secret_string: 'x', event_subscriptions: ['stubborn'] });
    await expect.poll(() => messagesAbout('stubborn').length, { timeout: 60_000 }).toBe(1);
    expect((await records()).map(({ event_name }: { event_name: string }) => event_name)).not.toContain(
      'stubborn',
    );
    receiver.status = 200;
    await expect.poll(() => messagesAbout('stubborn').length, { timeout: 60_000 }).toBe(2);
    const [first, second] = messagesAbout('stubborn');
    expect(second?.body.message_id).toBe(first?.body.message_id);
    await expect
      .poll(async () =>
        (await records()).find(({ event_name }: { event_name: string }) => event_name === 'stubborn'),
      )
      .toMatchObject({ notification_status: 'SUCCESS' });
  });
});

describe('ListNotificationRecords', () => {
  it('counts its page and has no markers', async () => {
    const { records: list, page_info } = ok(await csms('GET', 'notification-records'));
    expect(page_info).toEqual({ next_marker: null, previous_marker: null, current_count: list.length });
  });
});

describe('GET /smn/certificate.pem', () => {
  const read = (of: TestServer) => of.app.inject({ method: 'GET', url: '/smn/certificate.pem' });

  it('gives everybody the same certificate, and no key', async () => {
    const answers = await Promise.all([read(server), read(server)]);
    const [one, two] = answers as [(typeof answers)[0], (typeof answers)[0]];
    expect(one.statusCode).toBe(200);
    expect(one.headers['content-type']).toBe('application/x-pem-file');
    expect(two.payload).toBe(one.payload);
    expect(one.payload).toMatch(/^-----BEGIN CERTIFICATE-----\n[\w+/=\n]+-----END CERTIFICATE-----\n$/);
    expect(new X509Certificate(one.payload).subject).toBe('CN=csms-server notifications');
  });

  it('answers other methods with 405', async () => {
    const answer = await server.app.inject({ method: 'POST', url: '/smn/certificate.pem' });
    expect(answer.statusCode).toBe(405);
  });
});

describe('/metrics', () => {
  it('shows the jobs of notifications', async () => {
    const { payload } = await server.app.inject({ method: 'GET', url: '/metrics' });
    for (const job of [
      'purge',
      'expiry',
      'delivery',
      'notification-retention',
      'rotation',
      'rotation-schedule',
      'task-retention',
      'revocation-retention',
    ]) {
      expect(payload).toContain(`csms_job_failed{job="${job}"} 0`);
    }
  });
});
