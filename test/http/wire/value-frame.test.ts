import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { frameVersion } from '../../../src/http/csms/versions.ts';
import { frameValue } from '../../../src/http/wire/value-frame.ts';
import { aVersion } from '../../support/builders.ts';
import { shareServer } from '../../support/server.ts';
import { callsOf, ok } from '../calls.ts';

/** Text of every kind: any code point, and more of what JSON escapes than chance would give. */
const text = fc.string({
  unit: fc.oneof(
    fc.constantFrom(
      '"',
      '\\',
      '/',
      '\0',
      '\n',
      '\r',
      '\t',
      '\b',
      '\f',
      '\x1f',
      '\x7f',
      '\u2028',
      '\ufeff',
      '\u0085',
    ),
    fc.constantFrom(
      'é',
      '漢',
      '🔑',
      '\u{10ffff}',
      '\ufffd',
      '\ufffe',
      'e\u0301',
      '<',
      '&',
      '\\u0041',
      '__proto__":',
    ),
    fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }),
  ),
  minLength: 1,
  maxLength: 400,
});

describe('frameValue', () => {
  const framed = (value: string) => frameValue([Buffer.from('{"v":')], Buffer.from(value), Buffer.from('}'));

  it('gives what JSON.stringify gives, but for the short escapes', () => {
    fc.assert(
      fc.property(text, (value) => {
        expect(JSON.parse(framed(value).toString())).toEqual({ v: value });
      }),
      { numRuns: 1_000 },
    );
  });

  it('escapes quotation mark, reverse solidus and control characters, and no other byte', () => {
    for (let code = 0; code < 256; code += 1) {
      const character = String.fromCharCode(code);
      const isEscaped = code < 0x20 || character === '"' || character === '\\';
      const inner = framed(character).toString().slice(6, -2);
      expect([code, inner.startsWith('\\')]).toEqual([code, isEscaped]);
      if (!isEscaped) expect(inner).toBe(character);
    }
  });

  it('is no longer than it has to be, also when every byte is escaped', () => {
    expect(framed('')).toHaveLength(8);
    expect(framed('\0'.repeat(65_536))).toHaveLength(65_536 * 6 + 8);
    expect(framed('"'.repeat(65_536))).toHaveLength(65_536 * 2 + 8);
  });

  it('counts the pieces around the value in bytes', () => {
    expect(frameValue([Buffer.from('{"é":')], Buffer.from('ü'), Buffer.from(',"漢":1}')).toString()).toBe(
      '{"é":"ü","漢":1}',
    );
  });

  it('shares no memory with the value, which is wiped', () => {
    const value = Buffer.from('secret');
    const frame = frameValue([], value, Buffer.of());
    value.fill(0);
    expect(frame.toString()).toBe('"secret"');
    expect(frame.buffer.byteLength).toBeLessThan(1_024);
  });
});

describe('frameVersion', () => {
  const around = { before: Buffer.from('{"version":'), after: Buffer.from('}}') };

  it('gives each version its own metadata, also where versions share one list of stages', () => {
    const stages: readonly string[] = Object.freeze([]);
    const framed = (secretName: string, number: number) => {
      const version = aVersion({ number });
      const bytes = Buffer.from(`value ${number}`);
      const frame = frameVersion(secretName, { version, stages, kind: 'string', bytes }, around);
      return JSON.parse(frame.toString()).version;
    };
    for (const [name, number] of [
      ['one', 1],
      ['one', 2],
      ['other', 2],
    ] as const) {
      expect(framed(name, number)).toMatchObject({
        version_metadata: { id: `v${number}`, secret_name: name },
        secret_string: `value ${number}`,
      });
    }
  });
});

describe('a value over HTTP', () => {
  const server = shareServer();
  beforeAll(async () => {
    await acme.create('value');
    await acme.create('described');
  });
  const acme = callsOf(server);
  const back = async (body: object) => {
    const { id } = await acme.addVersion('value', body);
    const { version_metadata, ...value } = ok(await acme.get(`/value/versions/${id}`)).version;
    expect(version_metadata.id).toBe(id);
    return value;
  };

  it('is returned as it was sent, whatever the text', async () => {
    await fc.assert(
      fc.asyncProperty(text, async (secret_string) => {
        expect(await back({ secret_string })).toEqual({ secret_string });
      }),
      { numRuns: 150 },
    );
  });

  it('is returned as it was sent, whatever the bytes', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ minLength: 1, maxLength: 3_000 }), async (bytes) => {
        const secret_binary = Buffer.from(bytes).toString('base64');
        expect(await back({ secret_binary })).toEqual({ secret_binary });
      }),
      { numRuns: 100 },
    );
  });

  it.each([
    ['control characters', '\0'.repeat(65_536)],
    ['quotation marks', '"'.repeat(65_536)],
    ['three-byte characters', `${'漢'.repeat(21_845)}x`],
    ['four-byte characters', '🔑'.repeat(16_384)],
    ['JSON with a member __proto__', '{"__proto__":{"a":1},"constructor":{"prototype":{}}}'],
    ['a byte order mark', '\ufeffvalue'],
    ['line ends', 'a\r\nb\n\rc\r'],
    ['PEM', '-----BEGIN PRIVATE KEY-----\nMIIE\n-----END PRIVATE KEY-----\n'],
  ])('is returned with 64 KiB or a shape of its own: %s', async (_, secret_string) => {
    expect(await back({ secret_string })).toEqual({ secret_string });
  });

  it('is returned with 64 KiB of binary', async () => {
    const secret_binary = Buffer.from(Array.from({ length: 65_536 }, (_, index) => index * 7)).toString(
      'base64',
    );
    expect(await back({ secret_binary })).toEqual({ secret_binary });
  });

  it('is framed beside a secret name and stages that need no escape', async () => {
    await acme.create('a.b_c-D', { secret_string: 'x' });
    ok(await acme.put('/a.b_c-D/stages/s_-9', { version_id: 'v1' }));
    const { version } = ok(await acme.get('/a.b_c-D/versions/v1'));
    expect(version.version_metadata).toMatchObject({
      secret_name: 'a.b_c-D',
      version_stages: ['SYSCURRENT', 's_-9'],
    });
  });

  it('is like a description, which is returned as it was sent too', async () => {
    const description = text.filter((value) => !value.includes('\0') && Buffer.byteLength(value) <= 2_048);
    await fc.assert(
      fc.asyncProperty(description, async (wanted) => {
        expect(ok(await acme.put('/described', { description: wanted })).secret.description).toBe(wanted);
        expect(ok(await acme.get('/described')).secret.description).toBe(wanted);
      }),
      { numRuns: 60 },
    );
  });
});
