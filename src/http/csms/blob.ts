import { Type } from '@sinclair/typebox';
import * as app from '../../app/secrets/blob.ts';
import { BLOB_CHARACTERS_MAX } from '../../core/secrets/blob.ts';
import type { App } from '../app.ts';
import { LARGE_BODY_BYTES_MAX, SECRET_RESPONSE_BYTES_MAX } from '../wire/limits.ts';
import { operation, route } from '../wire/operation.ts';
import { Titled } from '../wire/schemas.ts';
import { SecretResponse, toRef, toWireSecret } from '../wire/secrets.ts';

/** Of a typical blob whose versions are all full. */
const BLOB_BYTES = 2_097_152;

const Blob = Type.String({
  maxLength: BLOB_CHARACTERS_MAX,
  description: 'All of a secret, sealed under its KMS key; only the installation that made it can open it',
});
const DownloadResponse = Titled('DownloadSecretBlobResponse', { secret_blob: Blob });
const UploadBody = Titled('UploadSecretBlobRequest', { secret_blob: Blob });

/** DownloadSecretBlob, UploadSecretBlob. */
export function registerBlob(api: App): void {
  api.route({
    ...route('POST', '/v1/:project_id/secrets/:secret_name/backup', {
      ...operation('DownloadSecretBlob', 'Backs a secret up, with all its versions'),
      response: { 200: DownloadResponse },
      config: { responseBytes: () => BLOB_BYTES },
    }),
    handler: async ({ deps, params }) => ({ secret_blob: await app.downloadBlob(deps, toRef(params)) }),
  });
  api.route({
    ...route('POST', '/v1/:project_id/secrets/restore', {
      ...operation('UploadSecretBlob', 'Restores a secret from its backup; its name must be free'),
      body: UploadBody,
      response: { 200: SecretResponse },
      config: { changeResponseBytes: () => SECRET_RESPONSE_BYTES_MAX },
    }),
    bodyLimit: LARGE_BODY_BYTES_MAX,
    handler: async ({ deps, params, body }) => ({
      secret: toWireSecret(await app.uploadBlob(deps, params.project_id, body.secret_blob)),
    }),
  });
}
