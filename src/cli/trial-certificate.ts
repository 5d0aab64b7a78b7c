import { generateKeyPairSync } from 'node:crypto';
import { hostname } from 'node:os';
import { createCertificate } from '../crypto/certificate.ts';
import { DAY_MS, HOUR_MS } from '../std/durations.ts';

const VALID_MS = 365 * DAY_MS;
/** A client's clock may be a little behind. */
const EARLIER_MS = HOUR_MS;
const LOOPBACK = [Buffer.from([127, 0, 0, 1]), Buffer.from('00000000000000000000000000000001', 'hex')];
const HOST_NAME = /^[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63})*$/;

/** A certificate and its key, as PEM, for trying out TLS on this machine: self-signed, for a year. */
export function createTrialCertificate(nowMs: number): {
  readonly certificate: string;
  readonly key: string;
} {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const own = hostname();
  const certificate = createCertificate({
    publicKey,
    privateKey,
    commonName: 'csms-server',
    notBeforeMs: nowMs - EARLIER_MS,
    notAfterMs: nowMs + VALID_MS,
    server: { hosts: ['localhost', ...(HOST_NAME.test(own) ? [own] : [])], addresses: LOOPBACK },
  });
  return { certificate, key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString() };
}
