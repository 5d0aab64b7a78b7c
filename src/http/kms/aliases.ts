import { type Static, Type } from '@sinclair/typebox';
import * as app from '../../app/kms/aliases.ts';
import { changeKey } from '../../app/kms/keys.ts';
import { aliasSpellings } from '../../core/kms/aliases.ts';
import { KEY_ALIASES_MAX, PAGE } from '../../core/limits.ts';
import type { App } from '../app.ts';
import { KeyAliasText, type KeyOwner, ownerOf } from '../wire/keys.ts';
import { KeyName, kmsRoute } from '../wire/kms-schemas.ts';
import { operation } from '../wire/operation.ts';
import { NoBody, Titled } from '../wire/schemas.ts';

const AliasEntity = Titled('AliasEntity', {
  domain_id: Type.String(),
  key_id: Type.String(),
  alias: KeyAliasText,
  alias_urn: Type.String(),
  create_time: Type.String({ description: 'ISO 8601, UTC' }),
  update_time: Type.String({ description: 'ISO 8601, UTC' }),
});
const AliasPage = Titled('ListAliasResponse', {
  aliases: Type.Array(AliasEntity),
  page_info: Type.Object({ current_count: Type.Integer(), next_marker: Type.String() }),
});
const CreateAliasBody = Titled('CreateAliasRequest', { key_id: KeyName, alias: KeyAliasText });
const DeleteAliasBody = Titled('DeleteAliasRequest', {
  key_id: KeyName,
  aliases: Type.Array(KeyAliasText, { minItems: 1, maxItems: KEY_ALIASES_MAX }),
});
const AliasQuery = Type.Object({
  key_id: Type.Optional(KeyName),
  limit: Type.Optional(Type.Integer({ minimum: PAGE.min, maximum: PAGE.max, default: PAGE.default })),
  marker: Type.Optional(
    Type.String({ pattern: '^[a-zA-Z0-9:/_-]{0,255}$', description: 'Last alias of the page before' }),
  ),
});

/** CreateAlias, ListAliases, DeleteAlias. */
export function registerKeyAliases(api: App): void {
  api.route({
    ...kmsRoute('POST', '/v1.0/:project_id/kms/aliases', {
      ...operation('CreateAlias', 'Gives a key another alias'),
      body: CreateAliasBody,
      response: { 201: AliasEntity },
    }),
    handler: async (request, reply) => {
      const { deps, params, body } = request;
      const target = { projectId: params.project_id, keyId: body.key_id };
      const added = await app.addAlias(deps, target, body.alias);
      return reply.code(201).send(toWireAlias(added, ownerOf(request)));
    },
  });
  api.route({
    ...kmsRoute('DELETE', '/v1.0/:project_id/kms/aliases', {
      ...operation('DeleteAlias', 'Removes aliases of a key, all or none of them'),
      body: DeleteAliasBody,
      response: { 204: NoBody },
    }),
    handler: async ({ deps, params, body }, reply) => {
      const target = { projectId: params.project_id, keyId: body.key_id };
      await changeKey(deps, target, { kind: 'remove-aliases', aliases: body.aliases });
      return reply.code(204).send(undefined);
    },
  });
  api.route({
    ...kmsRoute('GET', '/v1.0/:project_id/kms/aliases', {
      ...operation('ListAliases', 'Lists aliases, of one key or of all'),
      querystring: AliasQuery,
      response: { 200: AliasPage },
    }),
    handler: async (request) => {
      const { deps, params, query } = request;
      const { limit = PAGE.default, marker: afterAlias = '', key_id: keyId } = query;
      const projectId = params.project_id;
      const page = await app.listAliases(deps, { projectId, keyId, limit, afterAlias });
      const next = page.hasMore ? page.entries.at(-1)?.alias : undefined;
      return {
        aliases: page.entries.map((entry) => toWireAlias(entry, ownerOf(request))),
        page_info: { current_count: page.entries.length, next_marker: next ?? '' },
      };
    },
  });
}

function toWireAlias(entry: app.AliasOfKey, owner: KeyOwner): Static<typeof AliasEntity> {
  const [bare] = aliasSpellings(entry.alias);
  return {
    domain_id: owner.domainId,
    key_id: entry.keyId,
    alias: entry.alias,
    alias_urn: `kms:${owner.region}:${owner.domainId}:alias:${bare}`,
    create_time: toIsoSeconds(entry.createTimeMs),
    update_time: toIsoSeconds(entry.updateTimeMs),
  };
}

/** `2024-04-01T00:00:00Z`: the only times of the key service in this format. */
function toIsoSeconds(timeMs: number): string {
  return `${new Date(timeMs).toISOString().slice(0, 19)}Z`;
}
