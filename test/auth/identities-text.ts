import { parseIdentities } from '../../src/auth/identities/file.ts';
import type { SecretSources } from '../../src/auth/identities/sources.ts';
import { FileError } from '../../src/yaml/file-error.ts';
import { ADMIN_ID, AK, DOMAIN_ID, PASSWORD_HASH, PROJECT_ID, SK, sources } from './fixtures.ts';

/** Parses as identities.yaml. */
export function parse(text: string, given: Partial<SecretSources> = {}) {
  return parseIdentities({ file: 'identities.yaml', text, sources: sources(given) });
}

/** The message that the text is refused with. */
export function complaint(text: string, given: Partial<SecretSources> = {}): string {
  try {
    parse(text, given);
  } catch (error) {
    if (error instanceof FileError) return error.message;
    throw error;
  }
  return 'accepted';
}

/** A file with one user, line by line. */
export const GOOD = [
  'domains:',
  `  - id: ${DOMAIN_ID}`,
  '    name: acme',
  '    projects:',
  `      - { id: ${PROJECT_ID}, name: local-1 }`,
  '    users:',
  `      - id: ${ADMIN_ID}`,
  '        name: admin',
  `        password: ${PASSWORD_HASH}`,
  '        access_keys:',
  `          - { ak: ${AK}, sk: ${SK} }`,
  '        policies: [mine]',
  '        projects: [local-1]',
  'policies:',
  '  - name: mine',
  '    document: { "Version": "1.1", "Statement": [ { "Effect": "Allow", "Action": ["csms:*:*"] } ] }',
];

/** GOOD with one line (1-based) replaced by others. */
export function line(number: number, ...texts: readonly string[]): string {
  return GOOD.toSpliced(number - 1, 1, ...texts).join('\n');
}
