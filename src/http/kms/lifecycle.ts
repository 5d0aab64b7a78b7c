import * as app from '../../app/kms/keys.ts';
import { KEY_PENDING_DAYS } from '../../core/limits.ts';
import type { App } from '../app.ts';
import { KeyStatus, toKeyStatus } from '../wire/keys.ts';
import { KeyName, kmsBody, kmsRoute, NumberText, numberOf, OperateKeyBody } from '../wire/kms-schemas.ts';
import { operation } from '../wire/operation.ts';
import { Titled } from '../wire/schemas.ts';

const KeyStatusResponse = Titled('KeyStatusResponse', { key_info: KeyStatus });
const ScheduleBody = kmsBody('ScheduleKeyDeletionRequest', { key_id: KeyName, pending_days: NumberText });

/** EnableKey, DisableKey, DeleteKey, CancelKeyDeletion. The last two respond without a surrounding `key_info`. */
export function registerKeyLifecycle(api: App): void {
  for (const { name, operationId, summary, kind } of SWITCHES) {
    api.route({
      ...kmsRoute('POST', `/v1.0/:project_id/kms/${name}`, {
        ...operation(operationId, summary),
        body: OperateKeyBody,
        response: { 200: KeyStatusResponse },
      }),
      handler: async ({ deps, params, body }) => {
        const target = { projectId: params.project_id, keyId: body.key_id };
        return { key_info: toKeyStatus(await app.changeKey(deps, target, { kind })) };
      },
    });
  }
  api.route({
    ...kmsRoute('POST', '/v1.0/:project_id/kms/schedule-key-deletion', {
      ...operation('DeleteKey', 'Schedules the deletion of a key and of its material'),
      body: ScheduleBody,
      response: { 200: KeyStatus },
    }),
    handler: async ({ deps, params, body }) => {
      const target = { projectId: params.project_id, keyId: body.key_id };
      const pendingDays = numberOf(body.pending_days, 'pending_days', KEY_PENDING_DAYS);
      const change = { kind: 'schedule-key-deletion', pendingDays } as const;
      return toKeyStatus(await app.changeKey(deps, target, change));
    },
  });
  api.route({
    ...kmsRoute('POST', '/v1.0/:project_id/kms/cancel-key-deletion', {
      ...operation('CancelKeyDeletion', 'Calls a scheduled deletion off; the key is disabled then'),
      body: OperateKeyBody,
      response: { 200: KeyStatus },
    }),
    handler: async ({ deps, params, body }) => {
      const target = { projectId: params.project_id, keyId: body.key_id };
      return toKeyStatus(await app.changeKey(deps, target, { kind: 'cancel-key-deletion' }));
    },
  });
}

const SWITCHES = [
  { name: 'enable-key', operationId: 'EnableKey', summary: 'Enables a disabled key', kind: 'enable-key' },
  { name: 'disable-key', operationId: 'DisableKey', summary: 'Disables a key', kind: 'disable-key' },
] as const;
