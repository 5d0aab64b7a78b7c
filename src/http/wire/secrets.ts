import { type Static, Type } from '@sinclair/typebox';
import type { Limits } from '../../core/limits.ts';
import { requireSecretName } from '../../core/names.ts';
import type { Secret, SecretRef } from '../../core/secrets/secrets.ts';
import { parseValue, type SecretValue } from '../../core/secrets/values.ts';
import { Nullable, SecretName, SecretTypeName, TimeMs, Titled } from './schemas.ts';

/** A secret on the wire. @see CSMS API, object Secret */
export const SecretSchema = Titled('Secret', {
  id: Type.String({ description: 'UUID' }),
  name: SecretName,
  state: Type.String({ enum: ['ENABLED', 'DISABLED', 'PENDING_DELETE', 'FROZEN'] }),
  kms_key_id: Type.String(),
  description: Type.String(),
  create_time: TimeMs,
  update_time: TimeMs,
  scheduled_delete_time: Nullable(TimeMs),
  secret_type: SecretTypeName,
  auto_rotation: Type.Boolean(),
  rotation_period: Nullable(Type.String()),
  rotation_config: Nullable(Type.String()),
  rotation_time: Nullable(TimeMs),
  next_rotation_time: Nullable(TimeMs),
  rotation_func_urn: Nullable(Type.String()),
  event_subscriptions: Type.Array(Type.String()),
  enterprise_project_id: Type.String(),
});

/** The response of every operation that shows one secret. */
export const SecretResponse = Titled('SecretResponse', { secret: SecretSchema });

/** The secret that a path names. Throws invalid-parameter. */
export function toRef(params: { readonly project_id: string; readonly secret_name: string }): SecretRef {
  return { projectId: params.project_id, name: requireSecretName(params.secret_name) };
}

/** The one value of a body. Throws invalid-parameter. */
export function parseGivenValue(
  body: { readonly secret_string?: string | null; readonly secret_binary?: string | null },
  limits: Limits,
): SecretValue {
  return parseValue(
    { text: body.secret_string ?? undefined, binary: body.secret_binary ?? undefined },
    limits,
  );
}

/** A secret on the wire: every field is present, null when it is not set. */
export function toWireSecret(secret: Secret): Static<typeof SecretSchema> {
  return {
    id: secret.id,
    name: secret.name,
    state: secret.state,
    kms_key_id: secret.kmsKeyId,
    description: secret.description,
    create_time: secret.createTimeMs,
    update_time: secret.updateTimeMs,
    scheduled_delete_time: secret.scheduledDeleteTimeMs ?? null,
    secret_type: secret.secretType,
    auto_rotation: secret.autoRotation,
    rotation_period: secret.rotationPeriod ?? null,
    rotation_config: secret.rotationConfig ?? null,
    rotation_time: secret.rotationTimeMs ?? null,
    next_rotation_time: secret.nextRotationTimeMs ?? null,
    rotation_func_urn: secret.rotationFuncUrn ?? null,
    event_subscriptions: [...secret.eventSubscriptions],
    enterprise_project_id: secret.enterpriseProjectId,
  };
}
