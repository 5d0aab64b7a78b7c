// The part that all rotation functions share: an HTTP server that answers the steps of a rotation.
//
// Settings, all from the environment:
//   CSMS_WEBHOOK_SECRET  the key of the server's signature (hooks.yaml: secret_file)
//   DATABASES            JSON: { "<InstanceId of rotation_config>": { "host": "...", "port": 3306, "database": "...",
//                        "admin": { "username": "...", "password": "..." } } }; MultiUser needs the admin
//   FUNCTION_URN         the URN under which hooks.yaml maps this function: calls that were signed for another one are
//                        refused; all are taken when left out
//   HOST, PORT           where to listen; 127.0.0.1 and 8080 when left out; beyond loopback, put TLS in front
import { createHmac, randomInt, timingSafeEqual } from 'node:crypto';
import { createServer } from 'node:http';

const WEBHOOK_SECRET = process.env.CSMS_WEBHOOK_SECRET ?? '';
const FUNCTION_URN = process.env.FUNCTION_URN ?? '';
const DATABASES = JSON.parse(process.env.DATABASES ?? '{}');
const BODY_BYTES_MAX = 1_048_576;
const SIGNATURE_AGE_SECONDS_MAX = 300;
const PASSWORD_LENGTH = 32;
// Every database takes these characters, and each kind comes up at least once.
const PASSWORD_KINDS = ['abcdefghijkmnopqrstuvwxyz', 'ABCDEFGHJKLMNPQRSTUVWXYZ', '23456789', '-_.~'];

if (WEBHOOK_SECRET === '') throw new Error('CSMS_WEBHOOK_SECRET is not set');

/** True for a body that the server has signed within the last minutes. */
function isSigned(header, body) {
  const [, time, mac] = /^t=([0-9]{1,12}),v1=([0-9a-f]{64})$/.exec(header ?? '') ?? [];
  if (mac === undefined || Math.abs(Date.now() / 1000 - Number(time)) > SIGNATURE_AGE_SECONDS_MAX)
    return false;
  const expected = createHmac('sha256', WEBHOOK_SECRET).update(`${time}.`).update(body).digest();
  return timingSafeEqual(expected, Buffer.from(mac, 'hex'));
}

/** A password with one character of each kind at least, all places shuffled. */
function newPassword() {
  const pick = (characters) => characters[randomInt(characters.length)];
  const drawn = PASSWORD_KINDS.map(pick);
  while (drawn.length < PASSWORD_LENGTH) drawn.push(pick(PASSWORD_KINDS.join('')));
  for (let last = drawn.length - 1; last > 0; last -= 1) {
    const other = randomInt(last + 1);
    [drawn[last], drawn[other]] = [drawn[other], drawn[last]];
  }
  return drawn.join('');
}

/** True when the account can log in with that password now. */
async function canLogIn(place, account) {
  try {
    const session = await connect(place, account);
    await session.close();
    return true;
  } catch (error) {
    if (isLoginRefused(error)) return false;
    throw error;
  }
}

/** The steps of a rotation. Each may come again at any time, also after it has been carried out. */
const STEPS = {
  // Nothing is changed yet: the server stores the answer before it goes on.
  create: async (request) => ({ pending: createPending(request) }),
  set: async (request, place) => {
    if (await canLogIn(place, request.pending)) return {};
    await setPassword(request, place);
    return {};
  },
  test: async (request, place) => {
    if (!(await canLogIn(place, request.pending))) throw new Error('the database refuses the new password');
    return {};
  },
  finish: async () => ({}),
};

async function answer(request, body) {
  if (!isSigned(request.headers['x-csms-signature'], body))
    return [401, { error_msg: 'the signature is wrong' }];
  const call = JSON.parse(body.toString('utf8'));
  // Two functions may share a secret; the signed body says for which of them it is.
  if (FUNCTION_URN !== '' && call.urn !== FUNCTION_URN)
    return [403, { error_msg: 'the call is for another function' }];
  const step = Object.hasOwn(STEPS, call.step) ? STEPS[call.step] : undefined;
  if (step === undefined) return [400, { error_msg: 'the step is not known' }];
  const place = Object.hasOwn(DATABASES, call.instanceId) ? DATABASES[call.instanceId] : undefined;
  if (place === undefined) return [400, { error_msg: 'DATABASES has no entry for the instance' }];
  return [200, await step(call, place)];
}

async function readBody(request) {
  const chunks = [];
  let bytes = 0;
  for await (const chunk of request) {
    bytes += chunk.length;
    if (bytes > BODY_BYTES_MAX) throw new Error('the body is too large');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

const server = createServer(async (request, response) => {
  let [status, body] = [500, { error_msg: 'the step failed' }];
  try {
    [status, body] = await answer(request, await readBody(request));
  } catch (error) {
    // The driver's text may quote the statement, and with it a password: only its code goes out.
    body = { error_msg: `the step failed: ${error.code ?? error.name}` };
  }
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
});
server.listen(Number(process.env.PORT ?? 8080), process.env.HOST ?? '127.0.0.1');
