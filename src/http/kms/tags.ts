import { Type } from '@sinclair/typebox';
import { changeKey, showKey } from '../../app/kms/keys.ts';
import * as app from '../../app/kms/tags.ts';
import type { KeyChange, KeyTag } from '../../core/kms/keys.ts';
import { KEY_TAG_KEY_PATTERN, KEY_TAG_VALUE_PATTERN } from '../../core/kms/tags.ts';
import { KEY_TAGS_MAX, PAGE } from '../../core/limits.ts';
import type { App } from '../app.ts';
import { KeyDetails, ownerOf, toKeyDetails } from '../wire/keys.ts';
import { kmsBody, kmsRoute, numberOf, OptionalNumberText } from '../wire/kms-schemas.ts';
import { operation } from '../wire/operation.ts';
import { NoBody, Omissible, OneOf, Titled } from '../wire/schemas.ts';

const TagKey = Type.String({ pattern: KEY_TAG_KEY_PATTERN, description: '1 to 36 characters' });
const TagValue = Type.String({ pattern: KEY_TAG_VALUE_PATTERN, description: '0 to 43 characters' });
const GivenTag = Type.Object({ key: TagKey, value: Omissible(TagValue) });
const TagItem = Type.Object({ key: Type.String(), value: Type.String() });

const CreateBody = kmsBody('CreateKmsTagRequest', { tag: GivenTag });
const BatchBody = kmsBody('BatchCreateKmsTagsRequest', {
  action: OneOf(['create', 'delete']),
  tags: Type.Array(GivenTag, { minItems: 1, maxItems: KEY_TAGS_MAX }),
});
const SearchBody = kmsBody('ListKmsByTagsRequest', {
  action: OneOf(['filter', 'count']),
  limit: OptionalNumberText,
  offset: OptionalNumberText,
  tags: Omissible(
    Type.Array(Type.Object({ key: TagKey, values: Omissible(Type.Array(TagValue, { maxItems: 20 })) }), {
      maxItems: KEY_TAGS_MAX,
    }),
  ),
  matches: Omissible(
    Type.Array(
      Type.Object({
        key: Type.String({ enum: ['resource_name'] }),
        value: Type.String({ maxLength: 255, description: 'Part of the alias' }),
      }),
      { maxItems: 10 },
    ),
  ),
});
const KeyTagsResponse = Titled('ShowKmsTagsResponse', {
  tags: Type.Array(TagItem),
  existTagsNum: Type.Integer(),
});
const ProjectTagsResponse = Titled('ListKmsTagsResponse', {
  tags: Type.Array(Type.Object({ key: Type.String(), values: Type.Array(Type.String()) })),
});
const ActionResource = Type.Object({
  resource_id: Type.String(),
  resource_detail: KeyDetails,
  resource_name: Type.String(),
  tags: Type.Array(TagItem),
});
const SearchResponse = Titled('ListKmsByTagsResponse', {
  resources: Type.Array(ActionResource),
  total_count: Type.Integer(),
});
/** Of all keys that a project can have, with typical tags. */
const SEARCH_BYTES = 262_144;
const SEARCH_LIMIT_DEFAULT = 10;
const OFFSET = { min: 0, max: 9_999_999_999 };

/** CreateKmsTag, BatchCreateKmsTags, DeleteTag, ShowKmsTags, ListKmsTags, ListKmsByTags. */
export function registerKeyTags(api: App): void {
  api.route({
    ...kmsRoute('POST', '/v1.0/:project_id/kms/:key_id/tags', {
      ...operation('CreateKmsTag', 'Sets a tag of a key'),
      body: CreateBody,
      response: { 204: NoBody },
    }),
    handler: async ({ deps, params, body }, reply) => {
      await changeKey(deps, toTarget(params), { kind: 'put-tags', tags: [toTag(body.tag)] });
      return reply.code(204).send(undefined);
    },
  });
  api.route({
    ...kmsRoute('POST', '/v1.0/:project_id/kms/:key_id/tags/action', {
      ...operation('BatchCreateKmsTags', 'Sets or removes several tags of a key, all or none of them'),
      body: BatchBody,
      response: { 204: NoBody },
    }),
    handler: async ({ deps, params, body }, reply) => {
      const { action, tags } = body;
      const change: Extract<KeyChange, { kind: 'put-tags' | 'remove-tags' }> =
        action === 'create'
          ? { kind: 'put-tags', tags: tags.map(toTag) }
          : { kind: 'remove-tags', tagKeys: tags.map(({ key }) => key) };
      await changeKey(deps, toTarget(params), change);
      return reply.code(204).send(undefined);
    },
  });
  api.route({
    ...kmsRoute('DELETE', '/v1.0/:project_id/kms/:key_id/tags/:key', {
      ...operation('DeleteTag', 'Removes a tag of a key'),
      response: { 204: NoBody },
    }),
    handler: async ({ deps, params }, reply) => {
      await changeKey(deps, toTarget(params), { kind: 'remove-tag', tagKey: params.key });
      return reply.code(204).send(undefined);
    },
  });
  api.route({
    ...kmsRoute('GET', '/v1.0/:project_id/kms/:key_id/tags', {
      ...operation('ShowKmsTags', 'Lists the tags of a key'),
      response: { 200: KeyTagsResponse },
    }),
    handler: async ({ deps, params }) => {
      const { tags } = await showKey(deps, toTarget(params));
      return { tags: tags.map((tag) => ({ ...tag })), existTagsNum: tags.length };
    },
  });
  registerProjectTags(api);
}

function registerProjectTags(api: App): void {
  api.route({
    ...kmsRoute('GET', '/v1.0/:project_id/kms/tags', {
      ...operation('ListKmsTags', 'Lists the tags of all keys with their values'),
      response: { 200: ProjectTagsResponse },
    }),
    handler: async ({ deps, params }) => {
      const tags = await app.listProjectTags(deps, params.project_id);
      return { tags: tags.map(({ key, values }) => ({ key, values: [...values] })) };
    },
  });
  api.route({
    ...kmsRoute('POST', '/v1.0/:project_id/kms/resource_instances/action', {
      ...operation('ListKmsByTags', 'Finds or counts keys by tags and alias'),
      body: SearchBody,
      response: { 200: SearchResponse },
      config: { responseBytes: () => SEARCH_BYTES },
    }),
    handler: async (request) => {
      const { deps, params, body } = request;
      const { keys, total } = await app.findKeysByTags(deps, {
        projectId: params.project_id,
        tags: (body.tags ?? []).map(({ key, values }) => ({ key, values: values ?? [] })),
        names: (body.matches ?? []).map(({ value }) => value),
        limit: numberOf(body.limit ?? SEARCH_LIMIT_DEFAULT, 'limit', PAGE),
        offset: numberOf(body.offset ?? 0, 'offset', OFFSET),
      });
      const resources = keys.map((key) => ({
        resource_id: key.id,
        resource_detail: toKeyDetails(key, ownerOf(request)),
        resource_name: key.alias,
        tags: key.tags.map((tag) => ({ ...tag })),
      }));
      return { resources: body.action === 'count' ? [] : resources, total_count: total };
    },
  });
}

function toTarget(params: { readonly project_id: string; readonly key_id: string }) {
  return { projectId: params.project_id, keyId: params.key_id };
}

function toTag({ key, value }: { readonly key: string; readonly value?: string | null }): KeyTag {
  return { key, value: value ?? '' };
}
