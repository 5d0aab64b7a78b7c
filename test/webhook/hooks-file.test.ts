import { createHmac } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { signatureHeader } from '../../src/app/outbound/webhooks.ts';
import { parseAddressRules } from '../../src/webhook/address-rules.ts';
import { createHooks, loadHooks } from '../../src/webhook/hooks-file.ts';
import { FileError } from '../../src/yaml/file-error.ts';
import { ANY_FILE } from '../support/files.ts';

const PROJECT = 'a1'.repeat(16);
const TOPIC = `urn:smn:local-1:${PROJECT}:ops`;
const FUNCTION = `urn:fss:local-1:${PROJECT}:function:default:rotate-pg`;
const SECRET = 'a secret of 23 bytes ..';
let directory: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'csms-hooks-'));
  writeFileSync(join(directory, 'ops.key'), `${SECRET}\n`);
  writeFileSync(join(directory, 'short.key'), 'fifteen bytes..');
  writeFileSync(join(directory, 'large.key'), 'x'.repeat(4_097));
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const rules = parseAddressRules('ops.example,rotator.example:8443');
function load(text: string) {
  const file = join(directory, 'hooks.yaml');
  writeFileSync(file, text);
  return createHooks(loadHooks({ file, rules, reader: ANY_FILE, mayBeAbsent: false }));
}
const topic = (changes: Record<string, string> = {}) => {
  const fields = {
    urn: TOPIC,
    endpoints: '[ https://ops.example/csms ]',
    secret_file: 'ops.key',
    ...changes,
  };
  return `topics:\n  - ${Object.entries(fields)
    .map(([name, value]) => `${name}: ${value}`)
    .join('\n    ')}\n`;
};
const fn = (changes: Record<string, string> = {}) => {
  const fields = { urn: FUNCTION, url: 'https://rotator.example:8443/r', secret_file: 'ops.key', ...changes };
  return `functions:\n  - ${Object.entries(fields)
    .map(([name, value]) => `${name}: ${value}`)
    .join('\n    ')}\n`;
};

describe('hooks.yaml', () => {
  it('says where topics and functions lead', () => {
    const hooks = load(topic({ endpoints: '[ https://ops.example/csms, https://ops.example/two ]' }) + fn());
    expect(hooks.findTopic(TOPIC)?.urls).toEqual(['https://ops.example/csms', 'https://ops.example/two']);
    expect(hooks.findFunction(FUNCTION)?.urls).toEqual(['https://rotator.example:8443/r']);
    expect([hooks.findTopic(FUNCTION), hooks.findFunction(TOPIC)]).toEqual([undefined, undefined]);
  });

  it('gives each hook a signature under its own secret, without the newline of the file', () => {
    const hook = load(topic()).findTopic(TOPIC)!;
    const expected = createHmac('sha256', SECRET).update('1700000000.{"a":1}').digest('hex');
    expect(signatureHeader(hook, '{"a":1}', 1_700_000_000_999)).toBe(`t=1700000000,v1=${expected}`);
  });

  it.each(['{}', 'topics: []', 'functions: []\ntopics: []'])('may be as empty as %j', (text) => {
    expect(load(text).findTopic(TOPIC)).toBeUndefined();
  });

  it('may be absent only where that is allowed', () => {
    const file = join(directory, 'absent.yaml');
    expect(loadHooks({ file, rules, reader: ANY_FILE, mayBeAbsent: true })).toEqual([]);
    expect(() => loadHooks({ file, rules, reader: ANY_FILE, mayBeAbsent: false })).toThrow(
      /absent.yaml:1: \(file\): cannot be read \(ENOENT\)/,
    );
  });

  it('that cannot be read is an error also where it may be absent', () => {
    expect(() => loadHooks({ file: directory, rules, reader: ANY_FILE, mayBeAbsent: true })).toThrow(
      /is not a file/,
    );
  });
});

describe('a fault of hooks.yaml', () => {
  it.each([
    ['an unknown key at the top', 'hooks: []', 1, 'hooks: is not known here'],
    [
      'an unknown key of a topic',
      topic({ url: 'https://ops.example/' }),
      5,
      'topics[0].url: is not known here',
    ],
    ['an unknown key of a function', fn({ endpoints: '[]' }), 5, 'functions[0].endpoints: is not known here'],
    ['no mapping', '[]', 1, '(file): must be a mapping'],
    ['topics that are no list', 'topics: yes', 1, 'topics: must be a list'],
    ['a doubled key', `topics: []\ntopics: []`, 2, 'YAML error'],
    ['a doubled topic', `${topic()}${topic().replace('topics:\n', '')}`, 5, 'topics[1].urn: comes twice'],
    ['a doubled function', `${fn()}${fn().replace('functions:\n', '')}`, 5, 'functions[1].urn: comes twice'],
    ['a missing urn', topic().replace(`urn: ${TOPIC}\n    `, ''), 2, 'topics[0]: urn is missing'],
    ['missing endpoints', topic().replace(/endpoints:.*\n {4}/, ''), 2, 'endpoints is missing'],
    ['a missing secret', topic().replace(/\n {4}secret_file: ops.key/, ''), 2, 'secret_file is missing'],
    ['no endpoint', topic({ endpoints: '[]' }), 3, 'must hold 1 to 16 URLs'],
    [
      'too many endpoints',
      topic({
        endpoints: `[${Array.from({ length: 17 }, (_, n) => `https://ops.example/${n}`).join(', ')}]`,
      }),
      3,
      'must hold 1 to 16 URLs',
    ],
    [
      'an endpoint twice',
      topic({ endpoints: '[https://ops.example/a, https://OPS.example:443/a]' }),
      3,
      'must not hold a URL twice',
    ],
    ['a URN of another kind', topic({ urn: FUNCTION }), 2, 'topics[0].urn: must be a topic such as'],
    ['a URN without a project', topic({ urn: 'urn:smn:local-1:ops' }), 2, 'topics[0].urn: must be a topic'],
    ['a function URN of another kind', fn({ urn: TOPIC }), 2, 'functions[0].urn: must be a function'],
    ['a URL that is none', fn({ url: 'rotator.example/r' }), 3, 'functions[0].url: must be an absolute URL'],
    [
      'a host that is not allowed',
      topic({ endpoints: '[https://evil.example/]' }),
      3,
      'topics[0].endpoints[0]: has a host or port that CSMS_WEBHOOK_HOSTS does not allow',
    ],
    ['plain HTTP', fn({ url: 'http://rotator.example:8443/' }), 3, 'must be an https URL'],
    [
      'credentials in a URL',
      fn({ url: 'https://u:p@rotator.example:8443/' }),
      3,
      'must not hold credentials',
    ],
    [
      'a secret that is not there',
      topic({ secret_file: 'absent.key' }),
      4,
      'absent.key cannot be read (ENOENT)',
    ],
    ['a secret that is too short', topic({ secret_file: 'short.key' }), 4, 'must lead to at least 16 bytes'],
    ['a secret that is too large', topic({ secret_file: 'large.key' }), 4, 'large.key is too large'],
  ])('%s is told with its place', (_, text, line, problem) => {
    expect(() => load(text)).toThrow(FileError);
    expect(() => load(text)).toThrow(`hooks.yaml:${line}: `);
    expect(() => load(text)).toThrow(problem);
  });

  it('never quotes a secret or a URL', () => {
    const texts = [
      topic({ endpoints: '[https://token-in-url.example/]' }),
      topic({ secret_file: 'short.key' }),
    ];
    for (const text of texts) {
      expect(() => load(text)).not.toThrow(/token-in-url|fifteen/);
    }
  });
});
