import { type Static, Type } from '@sinclair/typebox';
import * as app from '../../app/kms/keys.ts';
import type { Key } from '../../core/kms/keys.ts';
import { KEY_ROTATION_DAYS } from '../../core/limits.ts';
import type { App } from '../app.ts';
import { KeyName, kmsBody, kmsRoute, NumberText, numberOf, OperateKeyBody } from '../wire/kms-schemas.ts';
import { operation } from '../wire/operation.ts';
import { Nothing, Titled } from '../wire/schemas.ts';

const IntervalBody = kmsBody('UpdateKeyRotationIntervalRequest', {
  key_id: KeyName,
  rotation_interval: NumberText,
});
const RotationStatus = Titled('KeyRotationStatus', {
  key_rotation_enabled: Type.Boolean(),
  rotation_interval: Type.Integer({ description: 'Days; 0 while rotation is off' }),
  last_rotation_time: Type.String({ description: 'Epoch milliseconds; empty before the first' }),
  number_of_rotations: Type.Integer(),
});

/** EnableKeyRotation, DisableKeyRotation, UpdateKeyRotationInterval, ShowKeyRotationStatus. */
export function registerKeyRotation(api: App): void {
  for (const { name, operationId, summary, kind } of SWITCHES) {
    api.route({
      ...kmsRoute('POST', `/v1.0/:project_id/kms/${name}`, {
        ...operation(operationId, summary),
        body: OperateKeyBody,
        response: { 200: Nothing },
      }),
      handler: async ({ deps, params, body }) => {
        await app.changeKey(deps, { projectId: params.project_id, keyId: body.key_id }, { kind });
        return {};
      },
    });
  }
  api.route({
    ...kmsRoute('POST', '/v1.0/:project_id/kms/update-key-rotation-interval', {
      ...operation('UpdateKeyRotationInterval', 'Sets how often a key is rotated'),
      body: IntervalBody,
      response: { 200: Nothing },
    }),
    handler: async ({ deps, params, body }) => {
      const target = { projectId: params.project_id, keyId: body.key_id };
      const intervalDays = numberOf(body.rotation_interval, 'rotation_interval', KEY_ROTATION_DAYS);
      await app.changeKey(deps, target, { kind: 'set-rotation-interval', intervalDays });
      return {};
    },
  });
  api.route({
    ...kmsRoute('POST', '/v1.0/:project_id/kms/get-key-rotation-status', {
      ...operation('ShowKeyRotationStatus', 'Shows whether and how a key is rotated'),
      body: OperateKeyBody,
      response: { 200: RotationStatus },
    }),
    handler: async ({ deps, params, body }) => {
      return toStatus(await app.showKey(deps, { projectId: params.project_id, keyId: body.key_id }));
    },
  });
}

const SWITCHES = [
  {
    name: 'enable-key-rotation',
    operationId: 'EnableKeyRotation',
    summary: 'Switches the rotation of a key on, every 365 days',
    kind: 'enable-rotation',
  },
  {
    name: 'disable-key-rotation',
    operationId: 'DisableKeyRotation',
    summary: 'Switches the rotation of a key off',
    kind: 'disable-rotation',
  },
] as const;

/** Differs: the interval is 0 while rotation is off, as in the service's responses, though its page says 30 to 365. */
function toStatus({ rotation, versions }: Key): Static<typeof RotationStatus> {
  const rotations = versions.length - 1;
  return {
    key_rotation_enabled: rotation !== undefined,
    rotation_interval: rotation?.intervalDays ?? 0,
    last_rotation_time: rotations === 0 ? '' : String(versions.at(-1)?.createTimeMs),
    number_of_rotations: rotations,
  };
}
