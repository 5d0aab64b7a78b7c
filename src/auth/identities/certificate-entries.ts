import {
  entriesOf,
  fieldsOf,
  problemAt,
  type TextRule,
  textOf,
  type YamlNode,
} from '../../yaml/yaml-node.ts';
import type { UserCertificates } from './identities.ts';
import { distinct, type IdentitiesReading, readSwitch, requireFirst } from './identities-reading.ts';

/** As OpenSSL writes them; host names in lower case, since they are compared so. */
const SAN: TextRule = {
  pattern:
    /^(?:URI:[A-Za-z][A-Za-z0-9+.-]*:[\x21-\x7e]{1,2000}|DNS:[a-z0-9*_.-]{1,253}|email:[\x21-\x7e]{1,254})$/,
  rule: 'URI:<uri>, DNS:<host in lower case> or email:<address>',
};
const FINGERPRINT: TextRule = {
  pattern: /^(?:[0-9A-Fa-f]{64}|[0-9A-Fa-f]{2}(?::[0-9A-Fa-f]{2}){31})$/,
  rule: 'a SHA-256 fingerprint: 64 hex digits, or pairs of them with colons between',
};
const CERTIFICATES_MAX = 16;

/**
 * Reads `certificates` and `require_certificate` of a user; undefined: it has none. Throws FileError, also for a certificate
 * that another user has. @see docs/adr/0077-client-certificates.md
 */
export function readCertificates(
  reading: IdentitiesReading,
  node: YamlNode,
  fields: ReadonlyMap<string, YamlNode>,
): UserCertificates | undefined {
  const list = fields.get('certificates');
  const names = entriesOf(list).map((entry) => readName(reading, entry));
  if (list !== undefined && (names.length === 0 || names.length > CERTIFICATES_MAX))
    throw problemAt(list, `must hold 1 to ${CERTIFICATES_MAX} certificates`);
  const isRequired = readSwitch(fields.get('require_certificate'));
  if (isRequired && list === undefined) throw problemAt(node, 'require_certificate goes with certificates');
  return list === undefined ? undefined : Object.freeze({ names, isRequired });
}

function readName({ seen }: IdentitiesReading, node: YamlNode): string {
  const fields = fieldsOf(node, ['san', 'sha256']);
  const [san, sha256] = [fields.get('san'), fields.get('sha256')];
  if (san !== undefined && sha256 === undefined) return distinct(seen, 'certificate', san, SAN);
  if (sha256 === undefined || san !== undefined) throw problemAt(node, 'takes one of san, sha256');
  const plain = textOf(sha256, FINGERPRINT).replaceAll(':', '').toLowerCase();
  requireFirst(seen, { kind: 'certificate', text: `sha256:${plain}`, node: sha256 });
  return `sha256:${plain}`;
}
