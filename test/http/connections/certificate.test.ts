import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readCertificate, validityFault } from '../../../src/http/connections/certificate.ts';
import { ANY_FILE } from '../../support/files.ts';
import { startTestServer } from '../../support/server.ts';

const FIXTURES = join(import.meta.dirname, '../../e2e/fixtures');
const fixture = (name: string) => readFileSync(join(FIXTURES, name), 'utf8');

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'csms-tls-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function read(cert = fixture('tls-one.crt'), key = fixture('tls-one.key')) {
  const files = { certFile: join(folder, 'tls.crt'), keyFile: join(folder, 'tls.key') };
  writeFileSync(files.certFile, cert);
  writeFileSync(files.keyFile, key);
  return readCertificate(ANY_FILE, files);
}

const DER = Buffer.from('308201', 'hex').toString('latin1');

describe('the files of CSMS_TLS_CERT and CSMS_TLS_KEY', () => {
  it('are a certificate and its key, with the time for which it is good', () => {
    const { startMs, endMs } = read();
    expect(endMs).toBeGreaterThan(startMs);
  });

  it('may hold a chain, the own certificate first', () => {
    expect(() => read(fixture('tls-one.crt') + fixture('tls-two.crt'))).not.toThrow();
    expect(() => read(fixture('tls-two.crt') + fixture('tls-one.crt'))).toThrow(
      /^CSMS_TLS_CERT: \S+tls\.crt must begin with the server's own certificate/,
    );
  });

  it.each([
    ['a key of another certificate', undefined, 'tls-two.key', /KEY: \S+key is the key of another certif/],
    ['no certificate', 'garbage', undefined, /CERT: \S+crt holds no certificate in PEM form$/],
    ['an empty certificate', '', undefined, /CERT: \S+crt holds no certificate in PEM form$/],
    ['a certificate in DER form', DER, undefined, /CERT: \S+crt holds no certificate in PEM form$/],
    ['a key in place of a certificate', 'tls-one.key', undefined, /CERT: \S+crt holds no certificate/],
    [
      'half a certificate',
      '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----',
      undefined,
      /cannot be read$/,
    ],
    ['no key', undefined, 'garbage', /KEY: \S+key holds no private key in PEM form$/],
    ['a certificate in place of a key', undefined, 'tls-one.crt', /KEY: \S+key holds no private key/],
  ])('are distinguished from %s', (_, cert, key, message) => {
    const text = (given: string | undefined) => (given?.startsWith('tls-') ? fixture(given) : given);
    expect(() => read(text(cert), text(key))).toThrow(message);
  });

  it('are distinguished from a key with a passphrase', () => {
    const args = ['pkey', '-in', join(FIXTURES, 'tls-one.key'), '-aes256', '-passout', 'pass:secret'];
    const encrypted = execFileSync('openssl', args, { encoding: 'utf8' });
    expect(() => read(undefined, encrypted)).toThrow(/KEY: \S+key is encrypted/);
  });

  it('are named when one is not there', () => {
    const keyFile = join(folder, 'tls.key');
    const files = { certFile: join(folder, 'absent.crt'), keyFile };
    expect(() => readCertificate(ANY_FILE, files)).toThrow(
      `CSMS_TLS_CERT: ${join(folder, 'absent.crt')} cannot be read (ENOENT)`,
    );
  });
});

describe('a certificate', () => {
  it('is refused by clients before it begins and after it ends', () => {
    const certificate = { ...read(), startMs: 1_000, endMs: 2_000 };
    expect([999, 1_000, 2_000, 2_001].map((nowMs) => validityFault(certificate, nowMs))).toEqual([
      'the certificate is not valid yet',
      undefined,
      undefined,
      'the certificate is over',
    ]);
  });
});

it('lets a server on loopback answer to every host: a browser has checked the name', async () => {
  const [certFile, keyFile] = [join(folder, 'own.crt'), join(folder, 'own.key')];
  writeFileSync(certFile, fixture('tls-one.crt'));
  writeFileSync(keyFile, fixture('tls-one.key'), { mode: 0o600 });
  const statusOf = async (env: Readonly<Record<string, string>>) => {
    const server = await startTestServer({ env });
    const asked = { method: 'GET', path: '/v3', headers: { host: 'elsewhere.example' } };
    const { status } = await server.sendUnsigned(asked);
    await server.close();
    return status;
  };
  expect(await statusOf({ CSMS_TLS_CERT: certFile, CSMS_TLS_KEY: keyFile })).toBe(200);
  expect(await statusOf({})).toBe(400);
});
