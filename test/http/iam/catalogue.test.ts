import { describe, expect, it } from 'vitest';
import { shareServer } from '../../support/server.ts';
import { ok } from '../calls.ts';

const server = shareServer({ env: { CSMS_REGION: 'region-7' } });

const get = async (path: string) => ok(await server.send({ method: 'GET', path }));

describe('KeystoneShowVersion', () => {
  it('says, without credentials, that this is version 3', async () => {
    const answer = await server.sendUnsigned({ method: 'GET', path: '/v3' });
    expect(answer.status).toBe(200);
    expect(answer.json.version).toMatchObject({
      id: expect.stringMatching(/^v3\./),
      status: 'stable',
      links: [{ rel: 'self', href: 'http://csms.test/v3/' }],
    });
    const headers = { host: 'csms.test' };
    const same = await server.app.inject({ method: 'GET', url: '/v3/', headers });
    expect([same.statusCode, same.json()]).toEqual([200, answer.json]);
  });
});

describe('the catalogue', () => {
  it('names each service once, with an endpoint', async () => {
    const { catalog, links } = await get('/v3/auth/catalog');
    const places = catalog.map(({ type, endpoints }: { type: string; endpoints: { url: string }[] }) => [
      type,
      endpoints.map(({ url }) => url),
    ]);
    expect(places).toEqual([
      ['kms', ['http://csms.test/v1.0']],
      ['csms', ['http://csms.test/v1']],
      ['iam', ['http://csms.test/v3']],
      ['identity', ['http://csms.test/v3']],
    ]);
    expect(links).toEqual({ self: 'http://csms.test/v3/auth/catalog' });
  });

  it('is the same in two lists that belong together', async () => {
    const { catalog } = await get('/v3/auth/catalog');
    const { services } = await get('/v3/services');
    const { endpoints } = await get('/v3/endpoints');
    const joined = services.map(({ id, name, type }: { id: string; name: string; type: string }) => ({
      id,
      name,
      type,
      endpoints: endpoints
        .filter(({ service_id }: { service_id: string }) => service_id === id)
        .map(({ service_id: _, enabled: __, links: ___, ...endpoint }: Record<string, unknown>) => endpoint),
    }));
    expect(joined).toEqual(catalog);
  });
});

describe('KeystoneListServices', () => {
  it('finds one by its type, or none', async () => {
    const { services, links } = await get('/v3/services?type=kms');
    expect(services).toEqual([
      {
        id: expect.stringMatching(/^[0-9a-f]{32}$/),
        name: 'kms',
        type: 'kms',
        description: '',
        enabled: true,
        links: { self: `http://csms.test/v3/services/${services[0].id}` },
      },
    ]);
    expect(links).toEqual({ self: 'http://csms.test/v3/services', next: null, previous: null });
    expect((await get('/v3/services?type=vpc')).services).toEqual([]);
  });
});

describe('KeystoneListEndpoints', () => {
  it('finds those of one service, by interface too', async () => {
    const [{ id }] = (await get('/v3/services?type=csms')).services;
    const { endpoints } = await get(`/v3/endpoints?service_id=${id}&interface=public`);
    expect(endpoints).toMatchObject([{ service_id: id, region: 'region-7', url: 'http://csms.test/v1' }]);
    expect((await get('/v3/endpoints?interface=admin')).endpoints).toEqual([]);
    expect((await get('/v3/endpoints?service_id=none')).endpoints).toEqual([]);
  });
});
