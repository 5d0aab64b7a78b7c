import { type Static, type TSchema, Type } from '@sinclair/typebox';
import * as app from '../../app/kms/keys.ts';
import { invalidParameter } from '../../core/errors.ts';
import { requireText } from '../../core/fields.ts';
import type { Key, KeyDraft } from '../../core/kms/keys.ts';
import { KEY_SPECS, OFFERED_KEY_SPEC } from '../../core/kms/specs.ts';
import { PAGE } from '../../core/limits.ts';
import type { App } from '../app.ts';
import {
  KeyAliasText,
  KeyDescription,
  KeyDetails,
  ownerOf,
  toKeyDetails,
  toKeyStatus,
} from '../wire/keys.ts';
import {
  KeyName,
  kmsBody,
  kmsRoute,
  numberOf,
  OperateKeyBody,
  OptionalNumberText,
} from '../wire/kms-schemas.ts';
import { operation } from '../wire/operation.ts';
import { Omissible, OneOf, Titled } from '../wire/schemas.ts';

const LISTED_SPECS = Object.entries(KEY_SPECS).flatMap(([spec, { isListed }]) => (isListed ? [spec] : []));
const OFFSET = { min: 0, max: 9_999_999_999 };
/** Of a typical list of all keys that a project can have. */
const LIST_BYTES = 131_072;
const ENTERPRISE_ALL = 'all';

const CreateKeyBody = kmsBody('CreateKeyRequest', {
  key_alias: KeyAliasText,
  key_description: Omissible(KeyDescription),
  key_spec: Omissible(OneOf(Object.keys(KEY_SPECS), `${OFFERED_KEY_SPEC} is the one that exists here`)),
  key_usage: Omissible(Type.String({ enum: ['ENCRYPT_DECRYPT', 'SIGN_VERIFY'] })),
  origin: Omissible(Type.String({ enum: ['kms', 'external'] })),
  keystore_id: Omissible(Type.String({ maxLength: 64 })),
  enterprise_project_id: Omissible(Type.String({ maxLength: 36 })),
});
const ListKeysBody = kmsBody('ListKeysRequest', {
  limit: OptionalNumberText,
  marker: OptionalNumberText,
  key_state: Omissible(Type.String({ pattern: '^[1-5]$' })),
  key_spec: Omissible(OneOf([...LISTED_SPECS, 'ALL'])),
  enterprise_project_id: Omissible(Type.String({ minLength: 1, maxLength: 64 })),
});
const DescriptionBody = kmsBody('UpdateKeyDescriptionRequest', {
  key_id: KeyName,
  key_description: KeyDescription,
});

const KeyInfo = Titled('KeKInfo', {
  key_id: Type.String(),
  domain_id: Type.String(),
  region_id: Type.String(),
});
const AliasBody = kmsBody('UpdateKeyAliasRequest', { key_id: KeyName, key_alias: KeyAliasText });
const ListKeysResponse = Titled('ListKeysResponse', {
  keys: Type.Array(Type.String()),
  key_details: Type.Array(KeyDetails),
  next_marker: Type.String(),
  truncated: Type.String({ enum: ['true', 'false'] }),
  total: Type.Integer({ description: 'Matching keys, on all pages' }),
});

function changed<T extends Record<string, TSchema>>(title: string, fields: T) {
  const info = Type.Object({ key_id: Type.String(), ...fields }, { title });
  return Type.Object({ key_info: info });
}

/** CreateKey, ListKeys, ListKeyDetail, UpdateKeyAlias, UpdateKeyDescription. */
export function registerKeys(api: App): void {
  api.route({
    ...kmsRoute('POST', '/v1.0/:project_id/kms/create-key', {
      ...operation('CreateKey', 'Creates a key'),
      body: CreateKeyBody,
      response: { 200: Titled('CreateKeyResponse', { key_info: KeyInfo }) },
    }),
    handler: async ({ caller, deps, params, body }) => {
      const input = { projectId: params.project_id, alias: body.key_alias, draft: toDraft(body) };
      const { id } = await app.createKey(deps, input);
      return { key_info: { key_id: id, domain_id: caller.domainId, region_id: deps.choices.region } };
    },
  });
  api.route({
    ...kmsRoute('POST', '/v1.0/:project_id/kms/describe-key', {
      ...operation('ListKeyDetail', 'Shows a key'),
      body: OperateKeyBody,
      response: { 200: Titled('DescribeKeyResponse', { key_info: KeyDetails }) },
    }),
    handler: async (request) => {
      const { deps, params, body } = request;
      const key = await app.showKey(deps, { projectId: params.project_id, keyId: body.key_id });
      return { key_info: toKeyDetails(key, ownerOf(request)) };
    },
  });
  api.route({
    ...kmsRoute('POST', '/v1.0/:project_id/kms/list-keys', {
      ...operation('ListKeys', 'Lists keys in order of creation'),
      body: ListKeysBody,
      response: { 200: ListKeysResponse },
      config: { isBodyOptional: true, responseBytes: () => LIST_BYTES },
    }),
    handler: async (request) => {
      const { deps, params, body } = request;
      const limit = numberOf(body.limit ?? PAGE.max, 'limit', PAGE);
      const offset = numberOf(body.marker ?? 0, 'marker', OFFSET);
      const query = { projectId: params.project_id, limit, offset, matches: filterOf(body) };
      const { keys, total } = await app.listKeys(deps, query);
      const isTruncated = offset + keys.length < total;
      return {
        keys: keys.map(({ id }) => id),
        key_details: keys.map((key) => toKeyDetails(key, ownerOf(request))),
        next_marker: isTruncated ? String(offset + keys.length) : '',
        truncated: String(isTruncated),
        total,
      };
    },
  });
  registerUpdates(api);
}

function registerUpdates(api: App): void {
  api.route({
    ...kmsRoute('POST', '/v1.0/:project_id/kms/update-key-alias', {
      ...operation('UpdateKeyAlias', 'Changes a key’s own alias'),
      body: AliasBody,
      response: { 200: changed('KeyAliasInfo', { key_alias: KeyAliasText }) },
    }),
    handler: async ({ deps, params, body }) => {
      const target = { projectId: params.project_id, keyId: body.key_id };
      const key = await app.changeKey(deps, target, { kind: 'rename-key', alias: body.key_alias });
      return { key_info: { key_id: key.id, key_alias: key.alias } };
    },
  });
  api.route({
    ...kmsRoute('POST', '/v1.0/:project_id/kms/update-key-description', {
      ...operation('UpdateKeyDescription', 'Changes a key’s description'),
      body: DescriptionBody,
      response: { 200: changed('KeyDescriptionInfo', { key_description: Type.String() }) },
    }),
    handler: async ({ deps, params, body }) => {
      const target = { projectId: params.project_id, keyId: body.key_id };
      const description = requireText(body.key_description, 'key_description');
      const key = await app.changeKey(deps, target, { kind: 'describe-key', description });
      return { key_info: { key_id: key.id, key_description: key.description } };
    },
  });
}

/**
 * Refuses options beyond the documented default that this server does not have: ignoring them would not be what the
 * caller meant.
 */
function toDraft(body: Static<typeof CreateKeyBody>): KeyDraft {
  requireOnly(body.key_spec, 'key_spec', OFFERED_KEY_SPEC);
  requireOnly(body.key_usage, 'key_usage', 'ENCRYPT_DECRYPT');
  requireOnly(body.origin, 'origin', 'kms');
  requireOnly(body.keystore_id, 'keystore_id', '0');
  return {
    description: requireText(body.key_description ?? '', 'key_description'),
    enterpriseProjectId: requireText(body.enterprise_project_id || '0', 'enterprise_project_id'),
  };
}

function requireOnly(value: string | null | undefined, parameter: string, only: string): void {
  if (value == null || value === only) return;
  throw invalidParameter(parameter, `must be ${only}: this server has no other`);
}

/** Without `key_spec` a list shows the one kind that exists here. */
function filterOf(body: Static<typeof ListKeysBody>): (key: Key) => boolean {
  const { key_state: state, enterprise_project_id: project, key_spec: spec } = body;
  const hasSpec = spec == null || spec === 'ALL' || spec === OFFERED_KEY_SPEC;
  return (key) =>
    hasSpec &&
    (state == null || toKeyStatus(key).key_state === state) &&
    (project == null || project === ENTERPRISE_ALL || project === key.enterpriseProjectId);
}
