import type { ErrorCode, SecretError } from '../../core/errors.ts';
import { ERROR_TABLE, KMS, type WireRow } from './error-table.ts';

/** Codes that several services have, as the key service maps them. @see api-dew, KMS error codes */
const KMS_TABLE: Readonly<Partial<Record<ErrorCode, WireRow>>> = Object.freeze({
  'parameter-missing': KMS(400, '0204', 'Parameters missing in the request message.'),
  'invalid-parameter': KMS(400, '0308', 'Invalid parameter.'),
  'invalid-body': KMS(400, '0202', 'Invalid JSON format of the request message.'),
  'media-type': KMS(415, '0202', 'Invalid JSON format of the request message.'),
  'action-forbidden': KMS(403, '0307', 'No access permissions.'),
  'storage-full': KMS(507, '0102', 'Abnormal KMS I/O.'),
  'outcome-unknown': KMS(500, '0102', 'Abnormal KMS I/O.'),
  damaged: KMS(500, '0101', 'KMS error.'),
  internal: KMS(500, '0101', 'KMS error.'),
  'seal-outdated': KMS(500, '0101', 'KMS error.'),
});

/** Parameters with a code of their own; the members of a list have the list's. */
const PARAMETER_ROWS: Readonly<Record<string, WireRow>> = Object.freeze({
  key_id: KMS(400, '0205', 'Invalid key ID.'),
  sequence: KMS(400, '0206', 'Invalid sequence number.'),
  'matches.value': KMS(400, '0402', 'Invalid match value.'),
  'matches.key': KMS(400, '0403', 'Invalid match key.'),
  action: KMS(400, '0404', 'Invalid action.'),
  'tag.value': KMS(400, '0405', 'Invalid tag value.'),
  'tags.value': KMS(400, '0405', 'Invalid tag value.'),
  'tags.values': KMS(400, '0405', 'Invalid tag value.'),
  'tag.key': KMS(400, '0406', 'Invalid tag key.'),
  'tags.key': KMS(400, '0406', 'Invalid tag key.'),
  tag: KMS(400, '0412', 'Invalid tag list.'),
  tags: KMS(400, '0412', 'Invalid tag list.'),
  matches: KMS(400, '0415', 'Invalid matches.'),
  offset: KMS(400, '0417', 'Invalid offset.'),
  key_alias: KMS(400, '1101', 'Invalid key_alias.'),
  alias: KMS(400, '1101', 'Invalid key_alias.'),
  aliases: KMS(400, '1101', 'Invalid key_alias.'),
  key_description: KMS(400, '1103', 'Invalid key_description.'),
  pending_days: KMS(400, '1401', 'Set the pending deletion period between 7 to 1096 days.'),
  limit: KMS(400, '1601', 'Invalid limit.'),
  marker: KMS(400, '1602', 'marker must be greater than or equals 0.'),
  random_data_length: KMS(400, '1801', 'random_data_length must be in the range 8 bits to 8,192 bits.'),
  datakey_length: KMS(400, '1901', 'datakey_length must be in the range 8 bits to 8,192 bits.'),
  datakey_plain_length: KMS(400, '2102', 'datakey_plain_length must be in the range 1 to 1,024 bytes.'),
  datakey_cipher_length: KMS(400, '2202', 'datakey_cipher_length must be in the range 1 to 1,024 bytes.'),
  cipher_text: KMS(400, '2201', 'Invalid cipher_text.'),
  rotation_interval: KMS(400, '3001', 'rotation_interval must be in the range 30 to 365 days.'),
});

/** How an error looks in the family of the key service. */
export function kmsRow({ code, parameter }: SecretError): WireRow {
  const own = code === 'invalid-parameter' && parameter !== undefined ? rowOf(parameter) : undefined;
  return own ?? KMS_TABLE[code] ?? ERROR_TABLE[code];
}

/** `tags.0.key` is looked up as `tags.key`, then as `tags`. */
function rowOf(parameter: string): WireRow | undefined {
  const names = parameter.split('.').filter((name) => !/^\d+$/.test(name));
  for (let length = names.length; length > 0; length -= 1) {
    const name = names.slice(0, length).join('.');
    if (Object.hasOwn(PARAMETER_ROWS, name)) return PARAMETER_ROWS[name];
  }
  return undefined;
}
