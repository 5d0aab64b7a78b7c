import { randomBytes, randomInt } from 'node:crypto';
import { stringify } from 'yaml';
import type { DevCredentials } from '../config/setting-values.ts';

/** The first user of an installation, with its secrets in plaintext. */
export interface Administrator {
  readonly domainId: string;
  readonly domainName: string;
  readonly projectId: string;
  readonly userId: string;
  readonly accessKeyId: string;
  readonly secretKey: string;
  readonly password: string;
}

/** Where an identities file has the secret key: in itself (dev), or in a separate file. */
export type SecretKeySource = { readonly sk: string } | { readonly sk_file: string };

const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ';
const ALPHANUMERICS = `${LETTERS}${LETTERS.toLowerCase()}0123456789`;

/** Generates an administrator; what `given` holds is used as it is. */
export function createAdministrator(given: Partial<DevCredentials> = {}): Administrator {
  return {
    domainId: randomBytes(16).toString('hex'),
    domainName: 'local',
    projectId: given.projectId ?? randomBytes(16).toString('hex'),
    userId: randomBytes(16).toString('hex'),
    accessKeyId: given.accessKeyId ?? `AK${pick(18, `${LETTERS}0123456789`)}`,
    secretKey: given.secretKey ?? pick(40, ALPHANUMERICS),
    password: given.password ?? pick(20, ALPHANUMERICS),
  };
}

/** An identities file with only this administrator, who may do everything in one project named after the region. */
export function administratorYaml(
  administrator: Omit<Administrator, 'password'>,
  options: { readonly region: string; readonly sk: SecretKeySource; readonly passwordHash: string },
): string {
  const { accessKeyId, domainId, domainName, projectId, userId } = administrator;
  return stringify({
    domains: [
      {
        id: domainId,
        name: domainName,
        projects: [{ id: projectId, name: options.region }],
        users: [
          {
            id: userId,
            name: 'admin',
            password: options.passwordHash,
            access_keys: [{ ak: accessKeyId, ...options.sk }],
            policies: ['admin'],
          },
        ],
      },
    ],
    policies: [ADMIN_POLICY],
  });
}

const ADMIN_POLICY = Object.freeze({
  name: 'admin',
  document: { Version: '1.1', Statement: [{ Effect: 'Allow', Action: ['csms:*:*', 'kms:*:*'] }] },
});

function pick(length: number, alphabet: string): string {
  return Array.from({ length }, () => alphabet[randomInt(alphabet.length)]).join('');
}
