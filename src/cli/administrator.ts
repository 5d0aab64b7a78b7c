import { randomBytes } from 'node:crypto';
import { stringify } from 'yaml';
import { createCredentials, type PlainCredentials } from '../auth/identities/new-credentials.ts';
import type { DevCredentials } from '../config/setting-values.ts';

/** The first user of an installation, with its secrets in plaintext. */
export interface Administrator extends PlainCredentials {
  readonly domainId: string;
  readonly domainName: string;
  readonly projectId: string;
  readonly userId: string;
}

/** Where an identities file has the secret key: in itself (dev), or in a separate file. */
export type SecretKeySource = { readonly sk: string } | { readonly sk_file: string };

/** Generates an administrator; what `given` holds is used as it is. */
export function createAdministrator(given: Partial<DevCredentials> = {}): Administrator {
  return {
    domainId: randomBytes(16).toString('hex'),
    domainName: 'local',
    projectId: given.projectId ?? randomBytes(16).toString('hex'),
    userId: randomBytes(16).toString('hex'),
    ...createCredentials(given),
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
  document: { Version: '1.1', Statement: [{ Effect: 'Allow', Action: ['csms:*:*', 'kms:*:*', 'cts:*:*'] }] },
});
