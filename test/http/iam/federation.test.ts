import { readFileSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse, stringify } from 'yaml';
import { createTrialCertificate } from '../../../src/cli/trial-certificate.ts';
import { createIssuer, forge, githubClaims, type Issuer, kubernetesClaims } from '../../support/issuer.ts';
import { ADMIN, ALPHA, BETA, GUEST, shareServer } from '../../support/server.ts';
import { loginBody } from '../calls.ts';

const server = shareServer({ env: { CSMS_WEBHOOK_HOSTS: 'loopback' } });
const SUBJECT = 'system:serviceaccount:shop:api';
const REFUSED = {
  error_code: 'IAM.0001',
  error_msg: 'The request you have made requires authentication.',
};

let cluster: Issuer;
let actions: Issuer;
let keyServer: Server;
let served: (() => { status?: number; text: string }) | undefined;
let fetched = 0;

type Identities = {
  domains: { groups?: object[]; identity_providers?: object[]; users: { name: string }[] }[];
};

/** Writes the identities anew, and waits until they count. */
async function change(edit: (identities: Identities) => void): Promise<void> {
  const file = join(server.directory, 'identities.yaml');
  const identities = parse(readFileSync(file, 'utf8')) as Identities;
  edit(identities);
  writeFileSync(file, stringify(identities, { aliasDuplicateObjects: false }));
  await server.composed.reload();
}

const provideAll = () => [
  {
    id: 'cluster',
    issuer: 'https://kubernetes.default.svc.cluster.local',
    audiences: ['csms'],
    jwks_file: 'cluster.json',
    rules: [{ claims: { sub: SUBJECT }, user: 'guest' }],
  },
  {
    id: 'actions',
    issuer: 'https://token.actions.githubusercontent.com',
    audiences: ['csms'],
    jwks_uri: `https://localhost:${(keyServer.address() as AddressInfo).port}/jwks`,
    ca_file: 'issuer.crt',
    token_seconds: 900,
    rules: [{ claims: { repository: 'octo-org/shop', ref: ['refs/heads/main'] }, user: 'admin' }],
  },
];
const provide = () =>
  change(({ domains: [acme] }) => {
    acme!.identity_providers = provideAll();
  });

beforeAll(async () => {
  [cluster, actions] = await Promise.all([createIssuer(), createIssuer()]);
  const { certificate, key } = createTrialCertificate(Date.now());
  keyServer = createServer({ cert: certificate, key }, (_, response) => {
    fetched += 1;
    const answer = served?.();
    if (answer !== undefined) response.writeHead(answer.status ?? 200).end(answer.text);
  });
  await new Promise<void>((resolve) => keyServer.listen(0, '127.0.0.1', resolve));
  writeFileSync(join(server.directory, 'issuer.crt'), certificate);
  writeFileSync(join(server.directory, 'cluster.json'), JSON.stringify(cluster.keySet));
  served = () => ({ text: JSON.stringify(actions.keySet) });
  await provide();
});
afterAll(() => {
  keyServer.closeAllConnections();
  keyServer.close();
});

const exchange = (idToken: unknown, provider: string | undefined = 'cluster', scope?: object) =>
  server.sendUnsigned({
    method: 'POST',
    path: '/v3.0/OS-AUTH/id-token/tokens',
    body: { auth: { id_token: { id: idToken }, ...(scope && { scope }) } },
    headers: {
      ...(provider !== undefined && { 'x-idp-id': provider }),
    },
  });
const withToken = (token: string | undefined, path: string) =>
  server.sendUnsigned({ method: 'GET', path, headers: { 'x-auth-token': token ?? '' } });
const podToken = (more = {}) => cluster.sign(kubernetesClaims(Date.now(), more));

describe('CreateTokenWithIdToken', () => {
  it('returns 201 with a token in a header for the user that a rule names', async () => {
    const answer = await exchange(await podToken());
    const domain = { id: GUEST.domainId, name: 'acme' };
    expect(answer.status).toBe(201);
    expect(answer.json.token).toMatchObject({
      methods: ['mapped'],
      issued_at: expect.stringMatching(/000Z$/),
      user: {
        id: GUEST.id,
        name: 'guest',
        domain,
        'OS-FEDERATION': { identity_provider: { id: 'cluster' }, protocol: { id: 'oidc' }, groups: [] },
      },
    });
    expect(answer.json.token.project).toBeUndefined();
    const { issued_at, expires_at } = answer.json.token;
    expect(Date.parse(expires_at) - Date.parse(issued_at)).toBe(3_600_000);
  });

  it('gives a token of a project, with which its user works', async () => {
    const answer = await exchange(await podToken(), 'cluster', { project: { id: ALPHA } });
    expect(answer.json.token.project).toMatchObject({ id: ALPHA, name: 'local-1' });
    const token = answer.headers['x-subject-token'];
    expect((await withToken(token, `/v1/${ALPHA}/secrets`)).status).toBe(200);
    expect((await withToken(token, `/v1/${BETA}/secrets`)).status).toBe(403);
    expect((await exchange(await podToken(), 'cluster', { project: { id: BETA } })).status).toBe(401);
    const projects = await withToken(token, '/v3/projects');
    expect(projects.json.projects.map(({ id }: { id: string }) => id)).toEqual([ALPHA]);
  });

  it('lets a member of a group in, who is in no file', async () => {
    await change(({ domains: [acme] }) => {
      acme!.groups = [{ id: 'g1', name: 'jobs', policies: ['CSMS ReadOnlyAccess'] }];
      const [provider] = provideAll();
      const rules = [{ claims: { sub: SUBJECT }, group: 'jobs', projects: ['local-1'] }];
      acme!.identity_providers = [{ ...provider, rules }];
    });
    const answer = await exchange(await podToken(), 'cluster', { project: { name: 'local-1' } });
    expect(answer.json.token).toMatchObject({
      user: {
        id: expect.stringMatching(/^[0-9a-f]{32}$/),
        name: `cluster/${SUBJECT}`,
        'OS-FEDERATION': { groups: [{ id: 'g1', name: 'jobs' }] },
      },
      project: { id: ALPHA },
    });
    const token = answer.headers['x-subject-token'];
    expect((await withToken(token, `/v1/${ALPHA}/secrets`)).status).toBe(200);
    expect((await withToken(token, '/v5/caller-identity')).json).toEqual({
      account_id: GUEST.domainId,
      principal_urn: `iam::${GUEST.domainId}:user:cluster/${SUBJECT}`,
      principal_id: answer.json.token.user.id,
    });
    const refused = await server.sendUnsigned({
      method: 'POST',
      path: `/v1/${ALPHA}/secrets`,
      body: { name: 'by-a-job', secret_string: 'x' },
      headers: { 'x-auth-token': token ?? '' },
    });
    expect(refused.status).toBe(403);
    expect(refused.json.error_msg).toContain(
      `User: iam::${GUEST.domainId}:user:cluster/${SUBJECT} is not authorized to perform: csms:secret:create`,
    );
    const { json } = await withToken(token, '/v3/projects');
    expect(json.projects.map(({ id }: { id: string }) => id)).toEqual([ALPHA]);
    expect((await exchange(await podToken(), 'cluster', { project: { id: BETA } })).status).toBe(401);
    await provide();
    expect((await withToken(token, '/v3/projects')).status).toBe(401);
  });

  it('takes the keys from the issuer’s own server, and its own lifetime', async () => {
    const token = await actions.sign(githubClaims(Date.now()), { typ: 'JWT' });
    const answer = await exchange(token, 'actions', { domain: { name: 'acme' } });
    expect(answer.status).toBe(201);
    expect(answer.json.token.user.name).toBe('admin');
    const { issued_at, expires_at } = answer.json.token;
    expect(Date.parse(expires_at) - Date.parse(issued_at)).toBe(900_000);
    expect(fetched).toBe(1);
    expect(
      (await exchange(await actions.sign(githubClaims(Date.now()), { kid: 'later' }), 'actions')).status,
    ).toBe(401);
    expect(fetched).toBe(1);
  });

  it('has one answer for whatever is wrong, and the log says what', async () => {
    const now = Math.floor(Date.now() / 1_000);
    const wrong: readonly (readonly [string, string, string])[] = [
      [await podToken({ sub: 'system:serviceaccount:shop:other' }), 'cluster', 'no rule of cluster is for'],
      [await podToken({ exp: now - 61 }), 'cluster', '"exp" claim'],
      [await podToken({ aud: ['other'] }), 'cluster', '"aud" claim'],
      [await podToken(), 'actions', '"iss" claim|signature|no applicable key'],
      [await podToken(), 'nowhere', 'no such identity provider'],
      [await actions.sign(kubernetesClaims(Date.now())), 'cluster', 'signature verification failed'],
      [forge({ alg: 'none' }, kubernetesClaims(Date.now())), 'cluster', 'not allowed|alg'],
      ['x'.repeat(12_288), 'cluster', 'Invalid Compact JWS'],
    ];
    for (const [token, provider, reason] of wrong) {
      const logged = server.logText().length;
      const answer = await exchange(token, provider);
      expect(answer.status).toBe(401);
      expect(answer.json).toEqual(REFUSED);
      expect(answer.headers['x-subject-token']).toBeUndefined();
      const line = server.logText().slice(logged).replaceAll('\\"', '"');
      expect(line).toMatch(new RegExp(`the ID token is refused: .*(${reason})`));
      expect(server.logText()).not.toContain(token);
    }
    // A right one resets the count of failures.
    expect((await exchange(await podToken())).status).toBe(201);
  });

  it.each([
    ['no provider', 'token', undefined],
    ['no token', undefined, 'cluster'],
    ['a token that is no text', 7, 'cluster'],
    ['an empty token', '', 'cluster'],
    ['too long a token', 'x'.repeat(12_289), 'cluster'],
  ])('refuses a request with %s', async (_, token, provider) => {
    const headers = provider === undefined ? {} : { 'x-idp-id': provider };
    const body = { auth: { id_token: { id: token } } };
    const answer = await server.sendUnsigned({
      method: 'POST',
      path: '/v3.0/OS-AUTH/id-token/tokens',
      body,
      headers,
    });
    expect(answer.status).toBe(400);
    expect(answer.json).toMatchObject({ error_code: 'IAM.0011' });
  });

  it('throttles failures like logins, for each provider', async () => {
    const statuses = [];
    for (let attempt = 0; attempt < 12; attempt += 1)
      statuses.push((await exchange('x', 'elsewhere')).status);
    expect(statuses.slice(0, 10)).toEqual(Array.from({ length: 10 }, () => 401));
    expect(statuses.slice(10)).toEqual([429, 429]);
    expect((await exchange(await podToken())).status).toBe(201);
  });

  it('ends its tokens with the rule, the provider and the user, those exchanged for it too', async () => {
    const first = (await exchange(await podToken())).headers['x-subject-token'] ?? '';
    const second = await server.sendUnsigned({
      method: 'POST',
      path: '/v3/auth/tokens',
      body: { auth: { identity: { methods: ['token'], token: { id: first } } } },
    });
    const tokens = [first, second.headers['x-subject-token'] ?? ''];
    const statuses = () =>
      Promise.all(tokens.map(async (token) => (await withToken(token, '/v3/projects')).status));
    expect(await statuses()).toEqual([200, 200]);
    await change(({ domains: [acme] }) => {
      acme!.identity_providers = provideAll().map((provider) => ({ ...provider, audiences: ['other'] }));
    });
    expect(await statuses()).toEqual([401, 401]);
    await provide();
    expect(await statuses()).toEqual([200, 200]);
    await change(({ domains: [acme] }) => {
      delete acme!.identity_providers;
    });
    expect(await statuses()).toEqual([401, 401]);
    expect((await exchange(await podToken())).json).toEqual(REFUSED);
    await provide();
    expect(await statuses()).toEqual([200, 200]);
  });

  it('counts rotated keys of a file from the next reading on', async () => {
    const next = await createIssuer();
    const token = await next.sign(kubernetesClaims(Date.now()));
    expect((await exchange(token)).status).toBe(401);
    writeFileSync(join(server.directory, 'cluster.json'), JSON.stringify(next.keySet));
    await server.composed.reload();
    expect((await exchange(token)).status).toBe(201);
    expect((await exchange(await podToken())).status).toBe(401);
    writeFileSync(join(server.directory, 'cluster.json'), JSON.stringify(cluster.keySet));
    await server.composed.reload();
  });

  it('keeps what it has when a provider calls a host that the operator has not allowed', async () => {
    const reload = change(({ domains: [acme] }) => {
      acme!.identity_providers = [{ ...provideAll()[1], jwks_uri: 'https://issuer.example/jwks' }];
    });
    await expect(reload).rejects.toThrow(
      /jwks_uri: has a host or port that CSMS_WEBHOOK_HOSTS does not allow/,
    );
    expect((await exchange(await podToken())).status).toBe(201);
    await provide();
  });
});

describe('an issuer that answers with', () => {
  let next = 0;
  /** Providers whose keys nobody has asked for yet. */
  beforeAll(() =>
    change(({ domains: [acme] }) => {
      const [, provider] = provideAll();
      acme!.identity_providers = Array.from({ length: 6 }, (_, index) => ({
        ...provider,
        id: `fresh-${index}`,
        jwks_uri: `${provider!.jwks_uri}/${index}`,
        ca_file: index === 5 ? undefined : provider!.ca_file,
      }));
    }),
  );
  const askFresh = async () => {
    next += 1;
    return exchange(await actions.sign(githubClaims(Date.now())), `fresh-${next - 1}`);
  };

  it.each([
    ['an error', () => ({ status: 500, text: '' })],
    ['a redirect', () => ({ status: 302, text: '' })],
    ['a page', () => ({ text: '<html>' })],
    ['a gigabyte, of which little is read', () => ({ text: `{"keys":["${'x'.repeat(2_000_000)}"]}` })],
  ])('%s has no keys: 503, and not the caller’s fault', async (_, answer) => {
    served = answer;
    const refused = await askFresh();
    expect(refused.status).toBe(503);
    expect(refused.headers['retry-after']).toBeDefined();
    expect(server.logText()).toContain('the keys of an identity provider cannot be fetched');
  });

  it('a certificate of other authorities has no keys either', async () => {
    served = () => ({ text: JSON.stringify(actions.keySet) });
    expect((await askFresh()).status).toBe(201);
    expect((await askFresh()).status).toBe(503);
    expect(server.logText()).toContain('tls-failed');
  });
});

describe('GetCallerIdentity', () => {
  it('says whose a signature, a token and an ID token’s token are', async () => {
    await provide();
    const path = '/v5/caller-identity';
    const of = ({ domainId, id, name }: typeof ADMIN) => ({
      account_id: domainId,
      principal_urn: `iam::${domainId}:user:${name}`,
      principal_id: id,
    });
    const signed = await server.send({ method: 'GET', path });
    expect(signed.status).toBe(200);
    expect(signed.json).toEqual(of(ADMIN));
    const login = await server.sendUnsigned({
      method: 'POST',
      path: '/v3/auth/tokens',
      body: loginBody(GUEST),
    });
    expect((await withToken(login.headers['x-subject-token'], path)).json).toEqual(of(GUEST));
    const mapped = await exchange(await podToken());
    expect((await withToken(mapped.headers['x-subject-token'], path)).json).toEqual(of(GUEST));
    expect((await server.sendUnsigned({ method: 'GET', path })).status).toBe(401);
  });
});
