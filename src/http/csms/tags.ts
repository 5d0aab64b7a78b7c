import { type Static, Type } from '@sinclair/typebox';
import * as app from '../../app/secrets/tags.ts';
import { TAG_KEY_CHARACTERS_MAX, TAG_VALUE_CHARACTERS_MAX, TAGS_PER_REQUEST_MAX } from '../../core/limits.ts';
import type { SecretIdRef, Tag } from '../../core/secrets/secrets.ts';
import { requireDistinct, requireTagKey, requireTagValue } from '../../core/secrets/tags.ts';
import type { App } from '../app.ts';
import { LONG_RESPONSE_BYTES_MAX, sendPieces } from '../connections/pieces.ts';
import { nestedRoute, operation } from '../wire/operation.ts';
import { NoBody, Nullable, Omissible, OneOf, Sequence, Titled } from '../wire/schemas.ts';

const TagKey = Type.String({
  minLength: 1,
  maxLength: TAG_KEY_CHARACTERS_MAX,
  description: 'Letters, digits, blanks (not at the ends) and _.:=+-@; not beginning with _sys_',
});
const TagValue = Type.String({
  maxLength: TAG_VALUE_CHARACTERS_MAX,
  description: 'Letters, digits, blanks and _.:/=+-@; may be empty',
});
/** Held while a project's tags are listed: the tags that its secrets authenticate, and a slice. */
const LIST_HELD_BYTES = 3_145_728;
/** A tag of one secret on the wire. @see CSMS API, object TagItem */
export const TagSchema = Titled('Tag', { key: TagKey, value: TagValue });
const TagInput = Titled('TagRequest', { key: TagKey, value: Omissible(TagValue) });

const CreateTagBody = Titled('CreateSecretTagRequest', { tag: TagInput });
const BatchTagsBody = Titled('BatchCreateOrDeleteTagsRequest', {
  action: OneOf(['create', 'delete']),
  tags: Type.Array(TagInput, { minItems: 1, maxItems: TAGS_PER_REQUEST_MAX }),
  sequence: Omissible(Sequence),
});

const ListTagsResponse = Titled('ListSecretTagsResponse', {
  tags: Type.Array(TagSchema),
  sys_tags: Nullable(Type.Array(TagSchema, { description: 'Always null: the service sets no tags itself' })),
});
const TagValues = Titled('TagValues', { key: TagKey, values: Type.Array(TagValue) });
const ProjectTagsResponse = Titled('ListProjectSecretsTagsResponse', { tags: Type.Array(TagValues) });

/** CreateSecretTag, BatchCreateOrDeleteTags, DeleteSecretTag, ListSecretTags, ListProjectSecretsTags. */
export function registerTags(api: App): void {
  api.route({
    ...nestedRoute('POST', '/v1/:project_id/csms/:secret_id/tags', {
      ...operation('CreateSecretTag', 'Adds a tag to a secret, or changes its value'),
      body: CreateTagBody,
      response: { 204: NoBody },
    }),
    handler: async ({ deps, params, body }, reply) => {
      await app.putTags(deps, toIdRef(params), [toTag(body.tag, 'tag')]);
      return reply.code(204).send(undefined);
    },
  });
  api.route({
    ...nestedRoute('POST', '/v1/:project_id/csms/:secret_id/tags/action', {
      ...operation('BatchCreateOrDeleteTags', 'Adds or deletes tags of a secret, all or none'),
      body: BatchTagsBody,
      response: { 204: NoBody },
    }),
    handler: async ({ deps, params, body }, reply) => {
      const tags = body.tags.map((tag, index) => toTag(tag, `tags.${index}`));
      const keys = tags.map(({ key }) => key);
      requireDistinct(keys, 'tags.key');
      if (body.action === 'create') await app.putTags(deps, toIdRef(params), tags);
      else await app.removeTags(deps, toIdRef(params), { keys, absent: 'ignore' });
      return reply.code(204).send(undefined);
    },
  });
  api.route({
    ...nestedRoute('DELETE', '/v1/:project_id/csms/:secret_id/tags/:key', {
      ...operation('DeleteSecretTag', 'Deletes a tag of a secret'),
      response: { 204: NoBody },
    }),
    handler: async ({ deps, params }, reply) => {
      const keys = [requireTagKey(params.key, 'key')];
      await app.removeTags(deps, toIdRef(params), { keys, absent: 'refuse' });
      return reply.code(204).send(undefined);
    },
  });
  registerTagLists(api);
}

function registerTagLists(api: App): void {
  api.route({
    ...nestedRoute('GET', '/v1/:project_id/csms/:secret_id/tags', {
      ...operation('ListSecretTags', 'Lists the tags of a secret by key'),
      response: { 200: ListTagsResponse },
    }),
    handler: async ({ deps, params }) => {
      const tags = await app.listTags(deps, toIdRef(params));
      return { tags: [...tags], sys_tags: null };
    },
  });
  api.route({
    ...nestedRoute('GET', '/v1/:project_id/csms/tags', {
      ...operation('ListProjectSecretsTags', 'Lists the tags of all secrets by key, with their values'),
      response: { 200: ProjectTagsResponse },
      config: {
        responseBytes: () => LIST_HELD_BYTES + LONG_RESPONSE_BYTES_MAX,
      },
    }),
    handler: async ({ deps, params }, reply) => {
      const projectId = params.project_id;
      return sendPieces(reply, textsOfTags(app.listProjectTags(deps, projectId)), {
        pause: deps.turns.pauseOf(projectId),
        heldBytes: LIST_HELD_BYTES,
      });
    },
  });
}

/** The values of each key, streamed: there may be as many of either as the project has tags. */
async function* textsOfTags(slices: AsyncIterable<readonly Tag[]>): AsyncGenerator<string> {
  yield '{"tags":[';
  let current: string | undefined;
  for await (const tags of slices) {
    let text = '';
    for (const { key, value } of tags) {
      const isNext = key === current;
      if (!isNext) {
        text += `${current === undefined ? '' : ']},'}{"key":${JSON.stringify(key)},"values":[`;
      }
      text += `${isNext ? ',' : ''}${JSON.stringify(value)}`;
      current = key;
    }
    yield text;
  }
  yield current === undefined ? ']}' : ']}]}';
}

function toIdRef(params: { readonly project_id: string; readonly secret_id: string }): SecretIdRef {
  return { projectId: params.project_id, secretId: params.secret_id };
}

/** A tag without a value gets the empty one. */
function toTag({ key, value }: Static<typeof TagInput>, parameter: string): Tag {
  return {
    key: requireTagKey(key, `${parameter}.key`),
    value: requireTagValue(value ?? '', `${parameter}.value`),
  };
}
