import { type Static, Type } from '@sinclair/typebox';
import type { FastifyReply } from 'fastify';
import * as app from '../../app/secrets/versions.ts';
import { invalidParameter } from '../../core/errors.ts';
import { PAGE } from '../../core/limits.ts';
import { parseVersionNumber, STAGE_NAME_PATTERN, versionId } from '../../core/names.ts';
import type { StagedVersion } from '../../core/secrets/secrets.ts';
import type { App } from '../app.ts';
import { operation, route } from '../wire/operation.ts';
import { ListQuery, Nullable, Omissible, PageInfo, pageInfo, TimeMs, Titled } from '../wire/schemas.ts';
import { parseGivenValue, toRef } from '../wire/secrets.ts';
import { frameValue } from '../wire/value-frame.ts';

const VersionMetadata = Titled('VersionMetadata', {
  id: Type.String({ description: 'v1, v2, v3 …' }),
  create_time: TimeMs,
  expire_time: Nullable(TimeMs),
  kms_key_id: Type.String({ description: 'The key that this version is sealed under' }),
  secret_name: Type.String(),
  version_stages: Type.Array(Type.String()),
});

const VersionResponse = Titled('VersionMetadataResponse', { version_metadata: VersionMetadata });

/** A version with its value. @see CSMS API, object Version */
export const VersionSchema = Titled(
  'Version',
  {
    version_metadata: VersionMetadata,
    secret_string: Type.Optional(Type.String()),
    secret_binary: Type.Optional(Type.String({ description: 'Base64, as it was sent' })),
  },
  { description: 'Only the kind of value that was stored is there' },
);

const ShowVersionResponse = Titled('ShowSecretVersionResponse', { version: VersionSchema });

const ListVersionsResponse = Titled('ListSecretVersionsResponse', {
  version_metadatas: Type.Array(VersionMetadata),
  page_info: PageInfo,
});

const CreateVersionBody = Titled('CreateSecretVersionRequest', {
  secret_binary: Omissible(Type.String({ description: 'Base64; exactly one of the two values is given' })),
  secret_string: Omissible(Type.String({ description: 'Text; exactly one of the two values is given' })),
  version_stages: Omissible(
    Type.Array(Type.String({ pattern: STAGE_NAME_PATTERN }), {
      maxItems: 12,
      description: 'Stages that the version gets instead of SYSCURRENT',
    }),
  ),
  expire_time: Omissible(TimeMs),
});

const UpdateVersionBody = Titled('UpdateVersionRequest', { expire_time: TimeMs });

/** CreateSecretVersion, ListSecretVersions, ShowSecretVersion, UpdateVersion. */
export function registerVersions(api: App): void {
  api.route({
    ...route('POST', '/v1/:project_id/secrets/:secret_name/versions', {
      ...operation('CreateSecretVersion', 'Adds a version'),
      body: CreateVersionBody,
      response: { 200: VersionResponse },
    }),
    handler: async ({ deps, params, body }) => {
      const value = parseGivenValue(body, deps.choices.limits);
      // An empty list counts as none, a repeated name as one.
      const stages = body.version_stages?.length ? [...new Set(body.version_stages)] : undefined;
      const expireTimeMs = body.expire_time ?? undefined;
      const version = await app.addVersion(deps, { ref: toRef(params), value, stages, expireTimeMs });
      return { version_metadata: toWireVersion(params.secret_name, version) };
    },
  });
  api.route({
    ...route('GET', '/v1/:project_id/secrets/:secret_name/versions', {
      ...operation('ListSecretVersions', 'Lists versions by number, without values'),
      querystring: Type.Object({
        ...ListQuery,
        marker: Type.Optional(Type.String({ description: 'Id of the last version of the page before' })),
      }),
      response: { 200: ListVersionsResponse },
    }),
    handler: async ({ deps, params, query }) => {
      const { limit = PAGE.default, marker = '' } = query;
      const afterNumber = marker === '' ? 0 : parseVersionNumber(marker, 'marker');
      const page = await app.listVersions(deps, toRef(params), { limit, afterNumber });
      const versions = page.entries.map((version) => toWireVersion(params.secret_name, version));
      return {
        version_metadatas: versions,
        page_info: pageInfo(
          versions.map(({ id }) => id),
          page.hasMore,
        ),
      };
    },
  });
  registerVersion(api);
}

function registerVersion(api: App): void {
  api.route({
    ...route('GET', '/v1/:project_id/secrets/:secret_name/versions/:version_id', {
      ...operation('ShowSecretVersion', 'Shows a version with its value; latest is the holder of SYSCURRENT'),
      response: { 200: ShowVersionResponse },
    }),
    handler: async ({ deps, params }, reply) => {
      const id = params.version_id;
      const wanted = id === 'latest' ? id : parseVersionNumber(id);
      return sendVersion(reply, params.secret_name, await app.showVersion(deps, toRef(params), wanted));
    },
  });
  api.route({
    ...route('PUT', '/v1/:project_id/secrets/:secret_name/versions/:version_id', {
      ...operation('UpdateVersion', 'Sets when a version expires'),
      body: UpdateVersionBody,
      response: { 200: VersionResponse },
    }),
    handler: async ({ deps, params, body }) => {
      if (params.version_id === 'latest')
        throw invalidParameter('version_id', 'must name a version by its number here');
      const versionNumber = parseVersionNumber(params.version_id);
      const input = { versionNumber, expireTimeMs: body.expire_time };
      const version = await app.setVersionExpiry(deps, toRef(params), input);
      return { version_metadata: toWireVersion(params.secret_name, version) };
    },
  });
}

function toWireVersion(
  secretName: string,
  { version, stages }: StagedVersion,
): Static<typeof VersionMetadata> {
  return {
    id: versionId(version.number),
    create_time: version.createTimeMs,
    expire_time: version.expireTimeMs ?? null,
    kms_key_id: version.kmsKeyId,
    secret_name: secretName,
    version_stages: [...stages],
  };
}

/** Bytes around a version in a response; those after it begin with the brace that closes the version. */
export interface Around {
  readonly before: Uint8Array;
  readonly after: Uint8Array;
}

const ALONE: Around = { before: Buffer.from('{"version":'), after: Buffer.from('}}') };

/** Sends a value as bytes from the cipher to the socket, and wipes them afterwards. */
function sendVersion(reply: FastifyReply, secretName: string, version: app.OpenedVersion) {
  const frame = frameVersion(secretName, version, ALONE);
  reply.raw.on('close', () => frame.fill(0));
  reply.type('application/json');
  // Returned and not sent: Fastify would await a reply that a handler returns, with a watch over the whole stream for each.
  return frame as never;
}

/** A version on the wire, as bytes that the caller wipes once they are sent; the value itself is wiped here. */
export function frameVersion(secretName: string, version: app.OpenedVersion, around: Around): Buffer {
  const metadata = JSON.stringify(toWireVersion(secretName, version));
  const head = Buffer.from(`{"version_metadata":${metadata},"secret_${version.kind}":`);
  const frame = frameValue([around.before, head], version.bytes, around.after);
  version.bytes.fill(0);
  return frame;
}
