import Fastify from 'fastify';

/**
 * The yardstick: Fastify with nothing on top. It takes the same requests as the real server and returns the same bytes,
 * head and body, without looking at what it was sent.
 */
const value = 'x'.repeat(Number(process.argv[2] ?? 1024));
const metadata = {
  id: 'v20',
  create_time: 1_767_323_045_000,
  expire_time: null,
  kms_key_id: '0d0466b0-e727-4d9c-b35d-f84bb474a37f',
  secret_name: 'bench',
  version_stages: ['SYSCURRENT'],
};
const shown = Buffer.from(JSON.stringify({ version: { version_metadata: metadata, secret_string: value } }));
const added = Buffer.from(JSON.stringify({ version_metadata: metadata }));
const headers = {
  'x-request-id': '0123456789abcdef0123456789abcdef',
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'referrer-policy': 'no-referrer',
};

const app = Fastify();
const versions = '/v1/:project_id/secrets/:secret_name/versions';
app.get(`${versions}/:version_id`, (_request, reply) =>
  reply.headers(headers).type('application/json').send(shown),
);
app.post(versions, (_request, reply) => reply.headers(headers).type('application/json').send(added));
process.stdout.write(`listening on ${await app.listen({ port: 0, host: '127.0.0.1' })}\n`);
