import { type Static, Type } from '@sinclair/typebox';
import * as app from '../../app/secrets/tags.ts';
import { TAG_KEY_CHARACTERS_MAX, TAG_VALUE_CHARACTERS_MAX, TAGS_PER_REQUEST_MAX } from '../../core/limits.ts';
import type { SecretIdRef, Tag } from '../../core/secrets/secrets.ts';
import { requireDistinct, requireTagKey, requireTagValue } from '../../core/secrets/tags.ts';
import type { App } from '../app.ts';
import { LONG_RESPONSE_BYTES_MAX, sendPieces } from '../connections/pieces.ts';
import { operation, routeOf } from '../wire/operation.ts';
import {
  NoBody,
  Nullable,
  nestedResponses,
  Omissible,
  OneOf,
  ProjectPath,
  Sequence,
} from '../wire/schemas.ts';

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
export const TagSchema = Type.Object({ key: TagKey, value: TagValue }, { title: 'Tag' });
const TagInput = Type.Object({ key: TagKey, value: Omissible(TagValue) }, { title: 'TagRequest' });

const SecretIdPath = Type.Object({
  ...ProjectPath.properties,
  secret_id: Type.String({ pattern: '^[0-9a-zA-Z-]{36}$', description: 'Id of the secret' }),
});
const TagPath = Type.Object({
  ...SecretIdPath.properties,
  key: Type.String({ description: 'Key of the tag, percent-encoded' }),
});

const CreateTagBody = Type.Object({ tag: TagInput }, { title: 'CreateSecretTagRequest' });
const BatchTagsBody = Type.Object(
  {
    action: OneOf(['create', 'delete']),
    tags: Type.Array(TagInput, { minItems: 1, maxItems: TAGS_PER_REQUEST_MAX }),
    sequence: Omissible(Sequence),
  },
  { title: 'BatchCreateOrDeleteTagsRequest' },
);

const ListTagsResponse = Type.Object(
  {
    tags: Type.Array(TagSchema),
    sys_tags: Nullable(
      Type.Array(TagSchema, { description: 'Always null: the service sets no tags itself' }),
    ),
  },
  { title: 'ListSecretTagsResponse' },
);
const TagValues = Type.Object({ key: TagKey, values: Type.Array(TagValue) }, { title: 'TagValues' });
const ProjectTagsResponse = Type.Object(
  { tags: Type.Array(TagValues) },
  { title: 'ListProjectSecretsTagsResponse' },
);

/** CreateSecretTag, BatchCreateOrDeleteTags, DeleteSecretTag, ListSecretTags, ListProjectSecretsTags. */
export function registerTags(api: App): void {
  api.route({
    ...routeOf('nested', 'POST', '/v1/:project_id/csms/:secret_id/tags'),
    schema: {
      ...operation('CreateSecretTag', 'Adds a tag to a secret, or changes its value'),
      params: SecretIdPath,
      body: CreateTagBody,
      response: nestedResponses({ 204: NoBody }),
    },
    handler: async ({ deps, params, body }, reply) => {
      await app.putTags(deps, toIdRef(params), [toTag(body.tag, 'tag')]);
      return reply.code(204).send(undefined);
    },
  });
  api.route({
    ...routeOf('nested', 'POST', '/v1/:project_id/csms/:secret_id/tags/action'),
    schema: {
      ...operation('BatchCreateOrDeleteTags', 'Adds or deletes tags of a secret, all or none'),
      params: SecretIdPath,
      body: BatchTagsBody,
      response: nestedResponses({ 204: NoBody }),
    },
    handler: async ({ deps, params, body }, reply) => {
      const tags = body.tags.map((tag, index) => toTag(tag, `tags.${index}`));
      const keys = tags.map(({ key }) => key);
      requireDistinct(keys, 'tags.key');
      if (body.action === 'create') await app.putTags(deps, toIdRef(params), tags);
      else await app.removeTags(deps, toIdRef(params), { keys, absent: 'ignore' });
      return reply.code(204).send(undefined);
    },
  });
  registerTag(api);
  registerTagLists(api);
}

function registerTag(api: App): void {
  api.route({
    ...routeOf('nested', 'DELETE', '/v1/:project_id/csms/:secret_id/tags/:key'),
    schema: {
      ...operation('DeleteSecretTag', 'Deletes a tag of a secret'),
      params: TagPath,
      response: nestedResponses({ 204: NoBody }),
    },
    handler: async ({ deps, params }, reply) => {
      const keys = [requireTagKey(params.key, 'key')];
      await app.removeTags(deps, toIdRef(params), { keys, absent: 'refuse' });
      return reply.code(204).send(undefined);
    },
  });
}

function registerTagLists(api: App): void {
  api.route({
    ...routeOf('nested', 'GET', '/v1/:project_id/csms/:secret_id/tags'),
    schema: {
      ...operation('ListSecretTags', 'Lists the tags of a secret by key'),
      params: SecretIdPath,
      response: nestedResponses({ 200: ListTagsResponse }),
    },
    handler: async ({ deps, params }) => {
      const tags = await app.listTags(deps, toIdRef(params));
      return { tags: [...tags], sys_tags: null };
    },
  });
  api.route({
    ...routeOf('nested', 'GET', '/v1/:project_id/csms/tags', {
      responseBytes: () => LIST_HELD_BYTES + LONG_RESPONSE_BYTES_MAX,
    }),
    schema: {
      ...operation('ListProjectSecretsTags', 'Lists the tags of all secrets by key, with their values'),
      params: ProjectPath,
      response: nestedResponses({ 200: ProjectTagsResponse }),
    },
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

function toIdRef(params: Static<typeof SecretIdPath>): SecretIdRef {
  return { projectId: params.project_id, secretId: params.secret_id };
}

/** A tag without a value gets the empty one. */
function toTag({ key, value }: Static<typeof TagInput>, parameter: string): Tag {
  return {
    key: requireTagKey(key, `${parameter}.key`),
    value: requireTagValue(value ?? '', `${parameter}.value`),
  };
}
