import { Type } from '@sinclair/typebox';
import * as app from '../../app/secrets/lifecycle.ts';
import { RECOVERY_WINDOW_DAYS } from '../../core/limits.ts';
import type { App } from '../app.ts';
import { SECRET_RESPONSE_BYTES_MAX } from '../wire/limits.ts';
import { operation, route } from '../wire/operation.ts';
import { Nothing, Omissible, Titled } from '../wire/schemas.ts';
import { SecretResponse, toRef, toWireSecret } from '../wire/secrets.ts';

const ScheduleBody = Titled('ScheduleDeletionRequest', {
  recovery_window_in_days: Omissible(
    Type.Integer({
      minimum: RECOVERY_WINDOW_DAYS.min,
      maximum: RECOVERY_WINDOW_DAYS.max,
      description: 'Days until the deletion; 30 when left out',
    }),
  ),
});

/** DeleteSecret, DeleteSecretForSchedule, RestoreSecret. */
export function registerLifecycle(api: App): void {
  api.route({
    ...route('DELETE', '/v1/:project_id/secrets/:secret_name', {
      ...operation('DeleteSecret', 'Deletes a secret at once, for good'),
      response: { 200: Nothing },
    }),
    handler: async ({ deps, params }) => {
      await app.deleteSecret(deps, toRef(params));
      return {};
    },
  });
  api.route({
    ...route('POST', '/v1/:project_id/secrets/:secret_name/scheduled-deleted-tasks/create', {
      ...operation('DeleteSecretForSchedule', 'Schedules the deletion of a secret'),
      body: ScheduleBody,
      response: { 200: SecretResponse },
      config: { isBodyOptional: true, changeResponseBytes: () => SECRET_RESPONSE_BYTES_MAX },
    }),
    handler: async ({ deps, params, body }) => {
      const days = body.recovery_window_in_days ?? RECOVERY_WINDOW_DAYS.default;
      return { secret: toWireSecret(await app.scheduleDeletion(deps, toRef(params), days)) };
    },
  });
  api.route({
    ...route('POST', '/v1/:project_id/secrets/:secret_name/scheduled-deleted-tasks/cancel', {
      ...operation('RestoreSecret', 'Calls a scheduled deletion off'),
      response: { 200: SecretResponse },
      config: { changeResponseBytes: () => SECRET_RESPONSE_BYTES_MAX },
    }),
    handler: async ({ deps, params }) => ({
      secret: toWireSecret(await app.cancelDeletion(deps, toRef(params))),
    }),
  });
}
