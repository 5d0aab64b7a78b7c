import { type Static, Type } from '@sinclair/typebox';
import type { FastifyReply, FastifyRequest } from 'fastify';
import * as app from '../../app/secrets/batches.ts';
import type { Pause } from '../../app/turns.ts';
import { requireText } from '../../core/fields.ts';
import { BATCH_IMPORT_MAX, BATCH_READ_MAX } from '../../core/limits.ts';
import { requireSecretName } from '../../core/names.ts';
import { INSTANCE_SERVICES, secretTypesWith } from '../../core/secrets/types.ts';
import type { App } from '../app.ts';
import { LONG_RESPONSE_BYTES_MAX, sendPieces } from '../connections/pieces.ts';
import { accessTo } from '../requests/access.ts';
import { validationError, wireMessage } from '../requests/error-handler.ts';
import { LARGE_BODY_BYTES_MAX } from '../wire/limits.ts';
import { operation, route } from '../wire/operation.ts';
import { Omissible, OneOf, SecretName, Titled } from '../wire/schemas.ts';
import { CreateSecretBody, toCreateSecret } from './secrets.ts';
import { type Around, frameVersion, VersionSchema } from './versions.ts';

const NAME_CHARACTERS_SHOWN = 64;
/** Of a refused secret in a response: a name that may be all escapes, and at most 512 characters of a message. */
const REFUSAL_BYTES = 1_024;
/** Of a name in a list, with its quotes and comma. */
const LISTED_NAME_BYTES = 67;
/** At most, of one value that is read. */
const VALUE_BYTES = 65_536;

const Refusals = Type.Array(Titled('BatchError', { name: Type.String(), error_msg: Type.String() }), {
  description: 'What was refused, and why',
});

const ImportBody = Titled('BatchImportSecretsRequest', {
  secrets: Type.Array(Type.Object({}, { description: 'As in CreateSecret' }), {
    maxItems: BATCH_IMPORT_MAX,
  }),
});
const ImportResponse = Titled('BatchImportSecretsResponse', {
  total: Type.Integer(),
  success: Type.Integer(),
  failed: Type.Integer(),
  error_list: Refusals,
});

const DeleteBody = Titled('BatchDeleteSecretsRequest', {
  instance_id: Type.String({ minLength: 1, maxLength: 64 }),
  instance_type: Omissible(OneOf(INSTANCE_SERVICES)),
});
const DeleteResponse = Titled('BatchDeleteSecretsResponse', {
  total: Type.Integer(),
  success_secrets: Type.Array(Type.String()),
  failed_secrets: Type.Array(Type.String()),
});

const ReadBody = Titled('BatchShowSecretVersionRequest', {
  secret_name_list: Type.Array(SecretName, { minItems: 1, maxItems: BATCH_READ_MAX }),
});
const ReadResponse = Titled('BatchShowSecretVersionResponse', {
  total_count: Type.Integer({ description: 'Values that are there' }),
  versions: Type.Array(VersionSchema),
  error_list: Refusals,
});

/** BatchImportSecrets, BatchDeleteSecrets, BatchShowSecretVersion. */
export function registerBatches(api: App): void {
  api.route({
    ...route('POST', '/v1/:project_id/secrets/batch-import', {
      ...operation('BatchImportSecrets', 'Creates secrets; a refused one does not stop the others'),
      body: ImportBody,
      response: { 200: ImportResponse },
      config: {
        changeResponseBytes: ({ body }) => (body as Static<typeof ImportBody>).secrets.length * REFUSAL_BYTES,
      },
    }),
    bodyLimit: LARGE_BODY_BYTES_MAX,
    handler: async (request) => {
      const { deps, params, body } = request;
      const inputs = body.secrets.map(
        (secret) => () =>
          toCreateSecret(params.project_id, requireShape(request, secret), deps.choices.limits),
      );
      const authorize = (index: number) => accessTo(request, 'CreateSecret', body.secrets[index]);
      const refusals = await app.importSecrets(deps, params.project_id, inputs, authorize);
      const error_list = refusals.flatMap((refusal, index) =>
        refusal === undefined ? [] : [{ name: nameIn(body.secrets[index]), error_msg: wireMessage(refusal) }],
      );
      const total = refusals.length;
      return { total, success: total - error_list.length, failed: error_list.length, error_list };
    },
  });
  api.route({
    ...route('POST', '/v1/:project_id/secrets/batch-delete', {
      ...operation('BatchDeleteSecrets', 'Deletes the secrets of a database instance at once, for good'),
      body: DeleteBody,
      response: { 200: DeleteResponse },
      config: { changeResponseBytes: ({ deps }) => deps.choices.limits.secrets * LISTED_NAME_BYTES },
    }),
    handler: async ({ deps, params, body }) => {
      const { instance_type: service } = body;
      const { deleted, refused } = await app.deleteOfInstance(deps, {
        projectId: params.project_id,
        instanceId: requireText(body.instance_id, 'instance_id'),
        secretTypes:
          service == null ? undefined : secretTypesWith(({ services }) => services.includes(service)),
      });
      return {
        total: deleted.length + refused.length,
        success_secrets: deleted,
        failed_secrets: refused,
      };
    },
  });
  registerBatchRead(api);
}

function registerBatchRead(api: App): void {
  api.route({
    ...route('POST', '/v1/:project_id/secrets/batch-get-secret-value', {
      ...operation(
        'BatchShowSecretVersion',
        'Shows the current values of several secrets; a refused one does not hold up the others',
      ),
      body: ReadBody,
      response: { 200: ReadResponse },
      // The schema is checked before this is called.
      config: {
        responseBytes: ({ body }) => bytesOfValues((body as Static<typeof ReadBody>).secret_name_list.length),
      },
    }),
    handler: async ({ deps, params, body }, reply) => {
      const names = body.secret_name_list.map((name) => requireSecretName(name, 'secret_name_list'));
      const values = await app.showCurrentVersions(deps, params.project_id, [...new Set(names)]);
      return sendValues(reply, values, deps.turns.pauseOf(params.project_id));
    },
  });
}

/** Checks one secret of an import as the body of CreateSecret is checked. Throws invalid-parameter. */
function requireShape(request: FastifyRequest, secret: object): Static<typeof CreateSecretBody> {
  const validate = request.compileValidationSchema(CreateSecretBody, 'body');
  if (!validate(secret)) throw validationError(validate.errors ?? [], true);
  // The schema has just been checked.
  return secret as Static<typeof CreateSecretBody>;
}

/** The name in a body that may have any shape. */
function nameIn(secret: { readonly name?: unknown } | undefined): string {
  return typeof secret?.name === 'string' ? secret.name.slice(0, NAME_CHARACTERS_SHOWN) : '';
}

const FIRST: Around = { before: Buffer.of(), after: Buffer.from('}') };
const NEXT: Around = { before: Buffer.from(','), after: Buffer.from('}') };

/** Sends values as bytes from the cipher to the socket, one after the other, and wipes them afterwards. */
function sendValues(reply: FastifyReply, values: readonly app.BatchValue[], pause: Pause) {
  const heldBytes = values.reduce((sum, { opened }) => sum + (opened?.bytes.length ?? 0), 0);
  return sendPieces(reply, chunksOf(values), { pause, heldBytes });
}

/** Held for so many values and their response. */
function bytesOfValues(count: number): number {
  return count * VALUE_BYTES + Math.min(count * VALUE_BYTES, LONG_RESPONSE_BYTES_MAX);
}

function* chunksOf(values: readonly app.BatchValue[]): Generator<string | Buffer> {
  const opened = values.flatMap(({ name, opened: version }) => (version ? [{ name, version }] : []));
  const refusals = values.flatMap(({ name, refusal }) =>
    refusal ? [{ name, error_msg: wireMessage(refusal) }] : [],
  );
  let frame: Buffer | undefined;
  try {
    yield `{"total_count":${opened.length},"versions":[`;
    for (const [at, { name, version }] of opened.entries()) {
      frame = frameVersion(name, version, at === 0 ? FIRST : NEXT);
      yield frame;
      frame.fill(0);
    }
    yield `],"error_list":${JSON.stringify(refusals)}}`;
  } finally {
    frame?.fill(0);
    for (const { version } of opened) version.bytes.fill(0);
  }
}
