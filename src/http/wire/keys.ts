import { type Static, Type } from '@sinclair/typebox';
import type { FastifyRequest } from 'fastify';
import { KEY_ALIAS_PATTERN } from '../../core/kms/aliases.ts';
import type { Key, KeyState } from '../../core/kms/keys.ts';
import { OFFERED_KEY_SPEC } from '../../core/kms/specs.ts';
import { KEY_DESCRIPTION_CHARACTERS_MAX } from '../../core/limits.ts';
import { OneOf, Titled } from './schemas.ts';

/** An alias in a body. */
export const KeyAliasText = Type.String({ pattern: KEY_ALIAS_PATTERN, description: 'Alias of the key' });
/** A description in a body. */
export const KeyDescription = Type.String({
  maxLength: KEY_DESCRIPTION_CHARACTERS_MAX,
  description: 'At most 255 characters',
});
const KeyStateText = Type.String({
  pattern: '^[1-5]$',
  description: '2 enabled, 3 disabled, 4 to be deleted',
});

/** A key on the wire; numbers and times are texts. @see KMS API, object KeyDetails */
export const KeyDetails = Titled('KeyDetails', {
  key_id: Type.String(),
  domain_id: Type.String(),
  key_alias: KeyAliasText,
  realm: Type.String({ description: 'Region' }),
  key_description: Type.String(),
  creation_date: Type.String({ description: 'Epoch milliseconds' }),
  scheduled_deletion_date: Type.String({ description: 'Epoch milliseconds; empty unless scheduled' }),
  key_state: KeyStateText,
  default_key_flag: Type.String({ description: '1: made by a service' }),
  key_type: Type.String(),
  expiration_time: Type.String({ description: 'Empty: the material does not expire' }),
  origin: Type.String({ enum: ['kms'] }),
  key_rotation_enabled: Type.String({ enum: ['true', 'false'] }),
  sys_enterprise_project_id: Type.String(),
  keystore_id: Type.String(),
  key_spec: OneOf([OFFERED_KEY_SPEC]),
  key_usage: Type.String({ enum: ['ENCRYPT_DECRYPT'] }),
});

/** Id and state of a key. @see KMS API, object KeyStatusInfo */
export const KeyStatus = Titled('KeyStatusInfo', { key_id: Type.String(), key_state: KeyStateText });

const STATES: Readonly<Record<KeyState, string>> = { ENABLED: '2', DISABLED: '3', PENDING_DELETE: '4' };

/** Id and state on the wire. */
export function toKeyStatus(key: Key): Static<typeof KeyStatus> {
  return { key_id: key.id, key_state: STATES[key.state] };
}

/** A key's domain, project and region. */
export interface KeyOwner {
  readonly domainId: string;
  readonly region: string;
}

/** The owner of the keys in the project of a request. */
export function ownerOf({ caller, deps }: Pick<FastifyRequest, 'caller' | 'deps'>): KeyOwner {
  return { domainId: caller.domainId, region: deps.choices.region };
}

/** A key on the wire: every field is present, empty when it is not set. */
export function toKeyDetails(key: Key, owner: KeyOwner): Static<typeof KeyDetails> {
  return {
    key_id: key.id,
    domain_id: owner.domainId,
    key_alias: key.alias,
    realm: owner.region,
    key_description: key.description,
    creation_date: String(key.createTimeMs),
    scheduled_deletion_date: String(key.scheduledDeleteTimeMs ?? ''),
    key_state: STATES[key.state],
    default_key_flag: key.isDefault ? '1' : '0',
    key_type: '1',
    expiration_time: '',
    origin: 'kms',
    key_rotation_enabled: String(key.rotation !== undefined),
    sys_enterprise_project_id: key.enterpriseProjectId,
    keystore_id: '0',
    key_spec: OFFERED_KEY_SPEC,
    key_usage: 'ENCRYPT_DECRYPT',
  };
}
