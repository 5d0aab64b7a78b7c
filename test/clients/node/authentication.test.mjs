import assert from 'node:assert/strict';
import { createServer, request as openRequest } from 'node:http';
import { beforeEach, describe, it } from 'node:test';
import * as sdk from './sdk.mjs';

const { buildClient, credentials, refusal, send } = sdk;

describe('a refusal', () => {
  it('is a ClientRequestException with status, code, message and request id', async () => {
    const error = await refusal(send(buildClient(), 'GET', '/no-such-secret'));
    assert.ok(error instanceof sdk.ClientRequestException);
    assert.equal(error.httpStatusCode, 404);
    assert.equal(error.errorCode, 'CSMS.0106');
    assert.match(error.errorMsg, /^The secret name not found int the db\./);
    assert.match(error.requestId, /^[0-9a-f]{32}$/);
  });

  it('is 401 for a wrong secret key', async () => {
    const error = await refusal(send(buildClient(credentials({ sk: 'wrong' })), 'GET', ''));
    assert.deepEqual([error.httpStatusCode, error.errorCode], [401, 'APIGW.0301']);
    assert.match(error.errorMsg, /verify aksk signature fail, canonicalRequest:GET\|/);
    assert.match(error.requestId, /^[0-9a-f]{32}$/);
  });
});

describe('the derived algorithm', () => {
  const derived = (given) =>
    credentials(given)
      .withRegionId('cn-north-4')
      .withDerivedPredicate((request) => sdk.BasicCredentials.getDefaultDerivedPredicate(request));

  it('is accepted', async () => {
    const credential = derived();
    credential.processDerivedAuthParams('csms', 'cn-north-4');
    assert.equal((await send(buildClient(credential), 'GET', '')).httpStatusCode, 200);
  });

  it('is refused with a wrong key', async () => {
    const credential = derived({ sk: 'wrong' });
    credential.processDerivedAuthParams('csms', 'cn-north-4');
    assert.equal((await refusal(send(buildClient(credential), 'GET', ''))).httpStatusCode, 401);
  });
});

describe('the look-up of the project', () => {
  const withoutProject = (iamEndpoint) => credentials({ projectId: undefined }).withIamEndpoint(iamEndpoint);

  // The core remembers what it has looked up, for the whole process.
  beforeEach(() => sdk.AuthCache.instance().authMap.clear());

  it('finds it by the name of the region, through a GET that has a body', async () => {
    const bodies = [];
    const proxy = await recordingProxy(sdk.ENDPOINT, (body) => bodies.push(body));
    const client = buildClient(withoutProject(proxy.endpoint), new sdk.Region(sdk.REGION, sdk.ENDPOINT));
    const page = await send(client, 'GET', '', { queryParams: { limit: '1' } });
    proxy.close();
    assert.equal(page.httpStatusCode, 200);
    assert.equal(client.credential.projectId, sdk.PROJECT_ID);
    // This is the point: the hash of these two bytes is signed (vector W1).
    assert.deepEqual(bodies, ['{}']);
  });

  it('goes straight to the server too', async () => {
    const client = buildClient(withoutProject(sdk.ENDPOINT), new sdk.Region(sdk.REGION, sdk.ENDPOINT));
    assert.equal((await send(client, 'GET', '')).httpStatusCode, 200);
  });

  it('finds the domain of global credentials', async () => {
    const credential = new sdk.GlobalCredentials({ ak: sdk.AK, sk: sdk.SK }).withIamEndpoint(sdk.ENDPOINT);
    await credential.processAuthParams(buildClient(), '');
    assert.equal(credential.domainId, sdk.DOMAIN_ID);
  });
});

/** Passes requests on unchanged, Host included, and tells what their bodies were. */
async function recordingProxy(target, onBody) {
  const server = createServer(async (request, response) => {
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    const body = Buffer.concat(chunks);
    onBody(body.toString());
    const { hostname, port } = new URL(target);
    const { method, url: path, headers } = request;
    const forwarded = openRequest({ hostname, port, method, path, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    forwarded.end(body);
  });
  await new Promise((listening) => server.listen(0, '127.0.0.1', listening));
  return { endpoint: `http://127.0.0.1:${server.address().port}`, close: () => server.close() };
}
