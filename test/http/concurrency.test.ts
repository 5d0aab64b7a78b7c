import { describe, expect, it } from 'vitest';
import { ADMIN, BETA, shareServer } from '../support/server.ts';
import { callsOf, ok, type WireVersion } from './calls.ts';

const server = shareServer({ listen: true });
const acme = callsOf(server);

/** Sends over a real connection. */
async function fetchSigned(method: string, path: string, body?: object) {
  const request = { method, path: `${acme.base}${path}`, ...(body && { body }) };
  const response = await fetch(`${server.baseUrl}${request.path}`, {
    method,
    headers: server.sign(request),
    ...(body && { body: JSON.stringify(body) }),
  });
  // biome-ignore lint/suspicious/noExplicitAny: bodies of every shape.
  return { status: response.status, json: (await response.json()) as any };
}

const times = (count: number) => Array.from({ length: count }, (_, index) => index);

describe('requests at the same moment', () => {
  it('that add 40 versions get 40 numbers, and the last one holds SYSCURRENT', async () => {
    await acme.create('busy');
    const answers = await Promise.all(
      times(40).map((index) => fetchSigned('POST', '/busy/versions', { secret_string: `value-${index}` })),
    );
    const added: WireVersion[] = answers.map((answer) => answer.json.version_metadata);
    const numbers = added.map(({ id }) => Number(id.slice(1))).sort((a, b) => a - b);
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200));
    expect(numbers).toEqual(times(40).map((index) => index + 2));
    expect(new Set(added.map(({ create_time }) => create_time)).size).toBe(40);
    expect(await acme.marks('busy')).toEqual({ SYSCURRENT: 'v41', SYSPREVIOUS: 'v40' });
    const last = added.findIndex(({ id }) => id === 'v41');
    expect(ok(await acme.get('/busy/versions/latest')).version.secret_string).toBe(`value-${last}`);
    expect(ok(await acme.get('/busy/versions')).version_metadatas).toHaveLength(20);
  });

  it('that create one secret succeed once, and the others find it taken', async () => {
    const answers = await Promise.all(
      times(20).map((index) => fetchSigned('POST', '', { name: 'raced', secret_string: `value-${index}` })),
    );
    const winners = answers.flatMap(({ status }, index) => (status === 200 ? [index] : []));
    expect(winners).toHaveLength(1);
    expect(answers.filter(({ status }) => status !== 200).map(({ json }) => json.error_code)).toEqual(
      times(19).map(() => 'CSMS.0101'),
    );
    expect(ok(await acme.get('/raced/versions/v1')).version.secret_string).toBe(`value-${winners[0]}`);
    expect(await acme.marks('raced')).toEqual({ SYSCURRENT: 'v1' });
  });

  it('that create the first secrets of a project share one default key', async () => {
    const beta = callsOf(server, ADMIN, BETA);
    const secrets = await Promise.all(times(20).map((index) => beta.create(`first-${index}`)));
    expect(new Set(secrets.map(({ kms_key_id }) => kms_key_id)).size).toBe(1);
    const values = await Promise.all(
      times(20).map(
        async (index) => ok(await beta.get(`/first-${index}/versions/latest`)).version.secret_string,
      ),
    );
    expect(values).toEqual(times(20).map((index) => `value of first-${index}`));
  });

  it('that move one stage leave it on one version', async () => {
    await acme.create('staged');
    for (const _ of times(5)) await acme.addVersion('staged');
    const answers = await Promise.all(
      times(24).map((index) =>
        fetchSigned('PUT', '/staged/stages/hot', { version_id: `v${(index % 6) + 1}` }),
      ),
    );
    const holders = ok(await acme.get('/staged/versions')).version_metadatas.filter(
      ({ version_stages }: WireVersion) => version_stages.includes('hot'),
    );
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200));
    expect(holders).toHaveLength(1);
    expect(ok(await acme.get('/staged/stages/hot')).stage.version_id).toBe(holders[0].id);
  });

  it('that read while versions are added see a whole version, and never an older one than before', async () => {
    await acme.create('read', { secret_string: 'value-1' });
    const seen: number[] = [];
    const reading = (async () => {
      for (const _ of times(60)) {
        const { version } = (await fetchSigned('GET', '/read/versions/latest')).json;
        expect(version.secret_string).toBe(`value-${version.version_metadata.id.slice(1)}`);
        seen.push(Number(version.version_metadata.id.slice(1)));
      }
    })();
    for (const index of times(30)) await acme.addVersion('read', { secret_string: `value-${index + 2}` });
    await reading;
    expect(seen).toEqual([...seen].sort((a, b) => a - b));
  });

  it('that delete and create one name end in one of the two states', async () => {
    await acme.create('flicker');
    const answers = await Promise.all(
      times(30).map((index) =>
        index % 2 === 0
          ? acme.remove('/flicker').then(
              ({ status }) => status,
              () => 0,
            )
          : acme.post('', { name: 'flicker', secret_string: `v${index}` }).then(({ status }) => status),
      ),
    );
    const created = answers.filter((status, index) => index % 2 === 1 && status === 200).length;
    const isThere = (await acme.get('/flicker')).status === 200;
    expect(answers.filter((status) => status >= 500)).toEqual([]);
    if (isThere) expect(created).toBeGreaterThan(0);
    if (isThere)
      expect(ok(await acme.get('/flicker/versions/latest')).version.version_metadata.id).toBe('v1');
  });
});
