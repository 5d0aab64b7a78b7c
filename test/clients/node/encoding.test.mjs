import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { buildClient, newName, refusal, send } from './sdk.mjs';

const client = buildClient();

// A marker that is no name is refused with 400: whatever is not 401 has passed the check of its signature.
const QUERIES = {
  'a blank': { marker: 'a b' },
  'reserved characters': { marker: 'a!\'()*+,-./:;<=>?@[\\]^_`{|}~"#$%&b' },
  'percent signs': { marker: '%20%2F%', 'a%b': '%' },
  'Unicode and emoji': { marker: 'é凭🔑', 'nämé🔑': 'x' },
  'control characters': { marker: '\u0000\t\r\n\u007f' },
  'a repeated name': { marker: ['b', 'a', 'ü', 'B'] },
  'an empty value': { marker: '', limit: '1' },
  'numbers and booleans': { limit: 10, flag: true },
  'names that only bytes put in order': { Z: '1', a: '2', _x: '3', é: '4', '~': '5' },
};

describe('the signature covers a query with', () => {
  for (const [kind, queryParams] of Object.entries(QUERIES)) {
    it(kind, async () => {
      const outcome = await send(client, 'GET', '', { queryParams }).catch((error) => error);
      assert.ok([200, 400].includes(outcome.httpStatusCode), `${outcome.httpStatusCode} ${outcome.errorMsg}`);
      assert.notEqual(outcome.errorCode, 'APIGW.0301');
    });
  }
});

describe('the signature covers a path with', () => {
  for (const name of ['A.b_c-9', '...', 'x'.repeat(64), 'restore', 'checker']) {
    it(`the name ${name.slice(0, 12)}`, async () => {
      const error = await refusal(send(client, 'GET', `/${name}-${newName()}`.slice(0, 65)));
      assert.deepEqual([error.httpStatusCode, error.errorCode], [404, 'CSMS.0106']);
    });
  }

  for (const name of ['a!b', 'a@b', 'a:b', 'a;b,c', 'a(b)', 'a*b', 'a+b', 'a=b&c', 'a$b', 'a~b']) {
    it(`reserved characters, which no name has: ${name}`, async () => {
      const error = await refusal(send(client, 'GET', `/${name}`));
      assert.deepEqual([error.httpStatusCode, error.errorCode], [400, 'CSMS.0002']);
    });
  }

  // This client signs these encoded twice and sends them encoded once: a signature for another path.
  for (const name of ['a b', 'a{b}', 'a"b', 'a<b>', 'a^b', 'a`b']) {
    it(`nothing else than what was signed: ${name}`, async () => {
      const error = await refusal(send(client, 'GET', `/${name}`));
      assert.deepEqual([error.httpStatusCode, error.errorCode], [401, 'APIGW.0301']);
    });
  }
});

describe('the signature covers', () => {
  it('a GET with a body', async () => {
    const name = newName();
    await send(client, 'POST', '', { data: { name, secret_string: 'x' } });
    for (const data of [{}, { any: 'thing 🔑' }]) {
      const { secret } = await send(client, 'GET', `/${name}`, { data });
      assert.equal(secret.name, name);
    }
  });

  it('headers of the caller', async () => {
    const headers = { 'X-Language': 'en-us', 'X-Trace': 'a  b' };
    assert.equal((await send(client, 'GET', '', { headers })).httpStatusCode, 200);
  });
});
