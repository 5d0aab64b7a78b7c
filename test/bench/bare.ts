import Fastify from 'fastify';

/**
 * The yardstick: Fastify with nothing on top, which answers the same number of bytes. Its two routes stand for a read
 * of a value and for the adding of a version.
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
const answer = Buffer.from(JSON.stringify({ version: { version_metadata: metadata, secret_string: value } }));
const added = Buffer.from(JSON.stringify({ version_metadata: metadata }));

const app = Fastify();
app.get('/read', (_request, reply) => reply.type('application/json').send(answer));
app.post('/add', (_request, reply) => reply.type('application/json').send(added));
process.stdout.write(`listening on ${await app.listen({ port: 0, host: '127.0.0.1' })}\n`);
