import { type Static, Type } from '@sinclair/typebox';
import * as app from '../../app/secrets/secrets.ts';
import { requireDescription, requireText } from '../../core/fields.ts';
import { type Limits, PAGE } from '../../core/limits.ts';
import { requireSecretName } from '../../core/names.ts';
import type { Secret, SecretDraft, SecretUpdate } from '../../core/secrets/secrets.ts';
import type { App } from '../app.ts';
import { LONG_RESPONSE_BYTES_MAX, sendPieces, textsOf } from '../connections/pieces.ts';
import { SECRET_RESPONSE_BYTES_MAX } from '../wire/limits.ts';
import { operation, route } from '../wire/operation.ts';
import {
  KmsKeyId,
  ListQuery,
  Omissible,
  PageInfo,
  pageInfo,
  SecretName,
  SecretTypeName,
  Titled,
} from '../wire/schemas.ts';
import { parseGivenValue, SecretResponse, SecretSchema, toRef, toWireSecret } from '../wire/secrets.ts';

/** Held while a list is made: the secrets that are read at a time. */
const HELD_BYTES = 1_048_576;
/** Of a typical secret in a list. */
const ENTRY_BYTES = 1_024;

const Description = Type.String({ description: 'At most 2,048 bytes of UTF-8' });
const RotationPeriod = Type.String({ maxLength: 50, description: 'Such as 30d; from 6h to 8760h' });
const RotationFuncUrn = Type.String({ maxLength: 255, description: 'URN of the function that rotates' });
const EventNames = Type.Array(Type.String({ pattern: '^[a-zA-Z0-9._-]{1,64}$' }), {
  maxItems: 1,
  description: 'Name of the event to subscribe to',
});

/** The body that creates a secret, by itself or in an import. @see API page CreateSecret */
export const CreateSecretBody = Titled('CreateSecretRequest', {
  name: SecretName,
  kms_key_id: Omissible(KmsKeyId),
  description: Omissible(Description),
  secret_binary: Omissible(Type.String({ description: 'Base64; exactly one of the two values is given' })),
  secret_string: Omissible(Type.String({ description: 'Text; exactly one of the two values is given' })),
  secret_type: Omissible(SecretTypeName),
  auto_rotation: Omissible(Type.Boolean()),
  rotation_period: Omissible(RotationPeriod),
  rotation_config: Omissible(Type.String({ maxLength: 1_024, description: 'JSON text' })),
  rotation_func_urn: Omissible(RotationFuncUrn),
  event_subscriptions: Omissible(EventNames),
  enterprise_project_id: Omissible(Type.String({ minLength: 1, maxLength: 36 })),
});

const UpdateSecretBody = Titled('UpdateSecretRequest', {
  kms_key_id: Omissible(KmsKeyId),
  description: Omissible(Description),
  auto_rotation: Omissible(Type.Boolean()),
  rotation_period: Omissible(RotationPeriod),
  rotation_func_urn: Omissible(RotationFuncUrn),
  event_subscriptions: Omissible(EventNames),
});

const ListSecretsResponse = Titled('ListSecretsResponse', {
  secrets: Type.Array(SecretSchema),
  page_info: PageInfo,
});

/** CreateSecret, ListSecrets, ShowSecret, UpdateSecret. */
export function registerSecrets(api: App): void {
  api.route({
    ...route('POST', '/v1/:project_id/secrets', {
      ...operation('CreateSecret', 'Creates a secret and its version v1'),
      body: CreateSecretBody,
      response: { 200: SecretResponse },
      config: { changeResponseBytes: () => SECRET_RESPONSE_BYTES_MAX },
    }),
    handler: async ({ deps, params, body }) => {
      const input = toCreateSecret(params.project_id, body, deps.choices.limits);
      return { secret: toWireSecret(await app.createSecret(deps, input)) };
    },
  });
  api.route({
    ...route('GET', '/v1/:project_id/secrets', {
      ...operation('ListSecrets', 'Lists secrets by name, without values'),
      querystring: Type.Object({
        ...ListQuery,
        marker: Type.Optional(Type.String({ description: 'Name of the last secret of the page before' })),
        event_name: Type.Optional(Type.String({ minLength: 1, maxLength: 64 })),
      }),
      response: { 200: ListSecretsResponse },
      config: {
        responseBytes: ({ query }) => {
          const { limit = PAGE.default } = query as { limit?: number };
          return Math.min(limit * ENTRY_BYTES, HELD_BYTES + LONG_RESPONSE_BYTES_MAX);
        },
      },
    }),
    handler: async ({ deps, params, query }, reply) => {
      const { limit = PAGE.default, marker = '', event_name: eventName } = query;
      if (marker !== '') requireSecretName(marker, 'marker');
      const projectId = params.project_id;
      const walk = app.walkSecrets(deps, {
        projectId,
        limit,
        afterName: marker,
        ...(eventName && { eventName }),
      });
      return sendPieces(reply, textsOfList(walk), {
        pause: deps.turns.pauseOf(projectId),
        heldBytes: HELD_BYTES,
      });
    },
  });
  registerSecret(api);
}

async function* textsOfList(walk: AsyncGenerator<readonly Secret[], boolean>): AsyncGenerator<string> {
  const names: string[] = [];
  yield '{"secrets":[';
  for (;;) {
    const { done, value } = await walk.next();
    if (done) {
      yield `],"page_info":${JSON.stringify(pageInfo(names, value))}}`;
      return;
    }
    if (value.length > 0 && names.length > 0) yield ',';
    yield* textsOf(value, toWireSecret);
    names.push(...value.map(({ name }) => name));
  }
}

function registerSecret(api: App): void {
  api.route({
    ...route('GET', '/v1/:project_id/secrets/:secret_name', {
      ...operation('ShowSecret', 'Shows a secret, without values'),
      response: { 200: SecretResponse },
    }),
    handler: async ({ deps, params }) => {
      const secret = await app.showSecret(deps, toRef(params));
      return { secret: toWireSecret(secret) };
    },
  });
  api.route({
    ...route('PUT', '/v1/:project_id/secrets/:secret_name', {
      ...operation('UpdateSecret', 'Changes a secret’s metadata'),
      body: UpdateSecretBody,
      response: { 200: SecretResponse },
      config: { changeResponseBytes: () => SECRET_RESPONSE_BYTES_MAX },
    }),
    handler: async ({ deps, params, body }) => {
      const secret = await app.updateSecret(deps, toRef(params), toUpdate(body));
      return { secret: toWireSecret(secret) };
    },
  });
}

/** The checked contents of a creation's body. Throws invalid-parameter. */
export function toCreateSecret(
  projectId: string,
  body: Static<typeof CreateSecretBody>,
  limits: Limits,
): app.CreateSecret {
  const ref = { projectId, name: requireSecretName(body.name, 'name') };
  const value = parseGivenValue(body, limits);
  return { ref, draft: toDraft(body), value, kmsKeyId: body.kms_key_id ?? undefined };
}

function toDraft(body: Static<typeof CreateSecretBody>): SecretDraft {
  return {
    description: requireDescription(body.description ?? ''),
    secretType: body.secret_type ?? 'COMMON',
    autoRotation: body.auto_rotation ?? false,
    rotationPeriod: textOf(body.rotation_period, 'rotation_period'),
    rotationConfig: textOf(body.rotation_config, 'rotation_config'),
    rotationFuncUrn: textOf(body.rotation_func_urn, 'rotation_func_urn'),
    eventSubscriptions: body.event_subscriptions ?? [],
    enterpriseProjectId: textOf(body.enterprise_project_id, 'enterprise_project_id') ?? '0',
  };
}

/** Absent fields stay as they are; null clears subscriptions, as expected by a client that always sends the list. */
function toUpdate(body: Static<typeof UpdateSecretBody>): SecretUpdate {
  const { auto_rotation: autoRotation, kms_key_id: kmsKeyId } = body;
  const rotationPeriod = textOf(body.rotation_period, 'rotation_period');
  const rotationFuncUrn = textOf(body.rotation_func_urn, 'rotation_func_urn');
  return {
    ...(kmsKeyId != null && { kmsKeyId }),
    ...(body.description != null && { description: requireDescription(body.description) }),
    ...(autoRotation != null && { autoRotation }),
    ...(rotationPeriod !== undefined && { rotationPeriod }),
    ...(rotationFuncUrn !== undefined && { rotationFuncUrn }),
    ...(body.event_subscriptions !== undefined && { eventSubscriptions: body.event_subscriptions ?? [] }),
  };
}

function textOf(text: string | null | undefined, parameter: string): string | undefined {
  return text == null ? undefined : requireText(text, parameter);
}
