import { type Static, Type } from '@sinclair/typebox';
import type { FoundSecret, SecretSearch } from '../../app/ports/deps.ts';
import * as app from '../../app/secrets/tags.ts';
import { invalidParameter } from '../../core/errors.ts';
import { requireText } from '../../core/fields.ts';
import {
  SEARCH_CONDITIONS_MAX,
  SEARCH_PAGE,
  TAG_KEY_CHARACTERS_MAX,
  TAG_VALUE_CHARACTERS_MAX,
} from '../../core/limits.ts';
import { requireDistinct } from '../../core/secrets/tags.ts';
import type { App } from '../app.ts';
import { LONG_RESPONSE_BYTES_MAX, sendPieces, textsOf } from '../connections/pieces.ts';
import { nestedRoute, operation } from '../wire/operation.ts';
import { Omissible, OneOf, Sequence, Titled } from '../wire/schemas.ts';
import { SecretSchema, toWireSecret } from '../wire/secrets.ts';
import { TagSchema } from './tags.ts';

/** Held meanwhile: where the secrets are, and a slice of them. */
const HELD_BYTES = 1_572_864;
/** Of a typical secret with its tags. */
const ENTRY_BYTES = 4_096;
const OFFSET_MAX = 2_147_483_647;

/** A number, or its digits as text: the documents have the one, clients send the other. */
const Count = (description: string) =>
  Type.Unsafe<string | number>({
    type: ['string', 'integer'],
    pattern: '^[0-9]{0,10}$',
    minimum: 0,
    maximum: OFFSET_MAX,
    description,
  });

const Value = Type.String({ maxLength: TAG_VALUE_CHARACTERS_MAX });
const SearchBody = Titled('ListResourceInstancesRequest', {
  action: OneOf(['filter', 'count']),
  limit: Omissible(Count('Entries of a page, 1 to 1000; 10 when left out')),
  offset: Omissible(Count('Entries before the page')),
  tags: Omissible(
    Type.Array(
      Titled('TagCondition', {
        key: Type.String({ minLength: 1, maxLength: TAG_KEY_CHARACTERS_MAX }),
        values: Omissible(
          Type.Array(Value, {
            maxItems: SEARCH_CONDITIONS_MAX,
            description: 'One of them must fit; none stands for any',
          }),
        ),
      }),
      { maxItems: SEARCH_CONDITIONS_MAX, description: 'All of them must fit' },
    ),
  ),
  matches: Omissible(
    Type.Array(
      Titled(
        'NameCondition',
        {
          key: OneOf(['resource_name']),
          value: Omissible(Value),
        },
        { description: 'A part of the secret’s name; the empty one fits nothing' },
      ),
      { maxItems: SEARCH_CONDITIONS_MAX, description: 'All of them must fit' },
    ),
  ),
  sequence: Omissible(Sequence),
});

const ResourceSchema = Titled('TaggedResource', {
  resource_id: Type.String(),
  resource_name: Type.String(),
  resource_detail: SecretSchema,
  tags: Type.Array(TagSchema),
  sys_tags: Type.Array(TagSchema),
});
const SearchResponse = Titled('ListResourceInstancesResponse', {
  resources: Type.Array(ResourceSchema),
  total_count: Type.Integer({ description: 'Entries on all pages' }),
});

/** ListResourceInstances. */
export function registerTagSearch(api: App): void {
  api.route({
    ...nestedRoute('POST', '/v1/:project_id/csms/resource_instances/action', {
      ...operation('ListResourceInstances', 'Finds or counts secrets by tags and parts of their names'),
      body: SearchBody,
      response: { 200: SearchResponse },
      config: {
        errorFamily: 'nested',
        responseBytes: ({ body }) => {
          const limit = toCount((body as Static<typeof SearchBody>).limit, SEARCH_PAGE.default);
          return Math.min(limit * ENTRY_BYTES, HELD_BYTES + LONG_RESPONSE_BYTES_MAX);
        },
      },
    }),
    handler: async ({ deps, params, body }, reply) => {
      const projectId = params.project_id;
      return sendPieces(reply, textsOfSearch(app.searchSecrets(deps, toSearch(projectId, body))), {
        pause: deps.turns.pauseOf(projectId),
        heldBytes: HELD_BYTES,
      });
    },
  });
}

async function* textsOfSearch(found: AsyncGenerator<readonly FoundSecret[], number>): AsyncGenerator<string> {
  yield '{"resources":[';
  for (let comma = ''; ; comma = ',') {
    const { done, value } = await found.next();
    if (done) {
      yield `],"total_count":${value}}`;
      return;
    }
    yield comma;
    yield* textsOf(value, toWireResource);
  }
}

function toWireResource({ secret, tags }: FoundSecret): Static<typeof ResourceSchema> {
  return {
    resource_id: secret.id,
    resource_name: secret.name,
    resource_detail: toWireSecret(secret),
    tags: [...tags],
    sys_tags: [],
  };
}

function toSearch(projectId: string, body: Static<typeof SearchBody>): SecretSearch {
  const limit = toCount(body.limit, SEARCH_PAGE.default);
  if (limit < SEARCH_PAGE.min || limit > SEARCH_PAGE.max) {
    throw invalidParameter('limit', `must be ${SEARCH_PAGE.min} to ${SEARCH_PAGE.max}`);
  }
  const offset = toCount(body.offset, 0);
  if (offset > OFFSET_MAX) throw invalidParameter('offset', `must be at most ${OFFSET_MAX}`);
  const tags = (body.tags ?? []).map(({ key, values }, index) => {
    const name = `tags.${index}.values`;
    requireDistinct(values ?? [], name);
    return {
      key: requireText(key, `tags.${index}.key`),
      values: (values ?? []).map((value) => requireText(value, name)),
    };
  });
  const nameParts = (body.matches ?? []).map(({ value }, index) =>
    requireText(value ?? '', `matches.${index}.value`),
  );
  return { projectId, tags, nameParts, limit: body.action === 'count' ? 0 : limit, offset };
}

function toCount(given: string | number | null | undefined, byDefault: number): number {
  return given == null || given === '' ? byDefault : Number(given);
}
