import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** A certificate with its key, PEM. */
export interface Issued {
  readonly cert: string;
  readonly key: string;
}

/** An authority of client certificates, as an operator makes one with OpenSSL. */
export interface Authority {
  readonly certificate: string;
  /** `san`: in OpenSSL's notation. Times: YYYYMMDDHHMMSSZ. */
  issue(options?: { san?: string; from?: string; to?: string; usage?: string }): Issued;
  revoke(issued: Issued): void;
  /** The list of what it has revoked. */
  revocations(): string;
}

const CONFIG = `
[ca]
default_ca = here
[here]
dir = .
database = index.txt
serial = serial
crlnumber = crlnumber
new_certs_dir = .
certificate = ca.crt
private_key = ca.key
default_md = sha256
default_days = 2
default_crl_days = 2
policy = anything
unique_subject = no
[anything]
commonName = supplied
`;
const KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];

/** Creates one in a folder of its own. */
export function createAuthority(folder: string): Authority {
  mkdirSync(folder, { recursive: true });
  const file = (name: string) => join(folder, name);
  const read = (name: string) => readFileSync(file(name), 'utf8');
  const openssl = (...args: string[]) => execFileSync('openssl', args, { cwd: folder, stdio: 'pipe' });
  writeFileSync(file('openssl.cnf'), CONFIG);
  writeFileSync(file('index.txt'), '');
  writeFileSync(file('serial'), '01\n');
  writeFileSync(file('crlnumber'), '01\n');
  const authority = [
    '-addext',
    'basicConstraints=critical,CA:TRUE',
    '-addext',
    'keyUsage=keyCertSign,cRLSign',
  ];
  openssl(
    'req',
    '-x509',
    ...KEY,
    '-keyout',
    'ca.key',
    '-out',
    'ca.crt',
    '-subj',
    '/CN=clients',
    '-days',
    '2',
    ...authority,
  );
  let count = 0;
  return {
    certificate: read('ca.crt'),
    issue({ san, from, to, usage = 'clientAuth' } = {}) {
      count += 1;
      const name = `client-${count}`;
      const extensions = [
        `extendedKeyUsage=${usage}`,
        ...(san === undefined ? [] : [`subjectAltName=${san}`]),
      ];
      writeFileSync(file(`${name}.ext`), `${extensions.join('\n')}\n`);
      openssl('req', ...KEY, '-keyout', `${name}.key`, '-out', `${name}.csr`, '-subj', `/CN=${name}`);
      const dates = [...(from ? ['-startdate', from] : []), ...(to ? ['-enddate', to] : [])];
      const files = ['-in', `${name}.csr`, '-out', `${name}.crt`, '-extfile', `${name}.ext`];
      openssl('ca', '-batch', '-notext', '-config', 'openssl.cnf', ...files, ...dates);
      return { cert: read(`${name}.crt`), key: read(`${name}.key`) };
    },
    revoke({ cert }) {
      writeFileSync(file('revoked.crt'), cert);
      openssl('ca', '-batch', '-config', 'openssl.cnf', '-revoke', 'revoked.crt');
    },
    revocations() {
      openssl('ca', '-gencrl', '-config', 'openssl.cnf', '-out', 'ca.crl');
      return read('ca.crl');
    },
  };
}
