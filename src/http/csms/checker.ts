import { Type } from '@sinclair/typebox';
import * as app from '../../app/secrets/checker.ts';
import { CHECK_TYPE, CHECKED_VALUES_MAX } from '../../core/secrets/checker.ts';
import type { App } from '../app.ts';
import { operation, route } from '../wire/operation.ts';
import { Omissible, OneOf, Titled } from '../wire/schemas.ts';

const Config = Titled('SecretsConfig', {
  checking_secret_strength: Type.Boolean({ description: 'Whether weak new values are refused' }),
});
const UpdateConfigBody = Titled('UpdateSecretsConfigRequest', {
  checking_secret_strength: Omissible(Config.properties.checking_secret_strength),
});
const CheckType = OneOf([CHECK_TYPE], 'The check of strength');
/** Of one rating, without the name that it repeats. */
const RATING_BYTES = 128;
const CheckBody = Titled('CheckSecretsRequest', {
  type: CheckType,
  data: Type.Object(
    {},
    {
      additionalProperties: true,
      description: `1 to ${CHECKED_VALUES_MAX} values to rate, each under a name`,
    },
  ),
});
const Rating = Titled('StrengthRating', {
  strength: Type.String({ enum: ['weak', 'medium', 'strong'] }),
  reasons: Type.Array(Type.String({ enum: ['too-short', 'common', 'predictable', 'one-kind'] })),
});
const CheckResponse = Titled('CheckSecretsResponse', {
  type: CheckType,
  data: Type.Object({}, { additionalProperties: Rating, description: 'The rating of each value' }),
});

/** ShowSecretsConfig, UpdateSecretsConfig, CheckSecrets. */
export function registerChecker(api: App): void {
  api.route({
    ...route('GET', '/v1/:project_id/secrets/checker/config', {
      ...operation('ShowSecretsConfig', 'Shows whether weak new values are refused'),
      response: { 200: Config },
    }),
    handler: async ({ deps, params }) => ({
      checking_secret_strength: await app.checksStrength(deps, params.project_id),
    }),
  });
  api.route({
    ...route('POST', '/v1/:project_id/secrets/checker/config', {
      ...operation('UpdateSecretsConfig', 'Sets whether weak new values are refused'),
      body: UpdateConfigBody,
      response: { 200: Config },
    }),
    handler: async ({ deps, params, body }) => {
      const wanted = body.checking_secret_strength ?? undefined;
      if (wanted !== undefined) await app.setStrengthCheck(deps, params.project_id, wanted);
      return { checking_secret_strength: wanted ?? (await app.checksStrength(deps, params.project_id)) };
    },
  });
  api.route({
    ...route('POST', '/v1/:project_id/secrets/checker/check', {
      ...operation('CheckSecrets', 'Rates how hard values are to guess; nothing is stored'),
      body: CheckBody,
      response: { 200: CheckResponse },
      config: { responseBytes: ({ rawBody }) => rawBody.length + CHECKED_VALUES_MAX * RATING_BYTES },
    }),
    handler: async ({ deps, params, body }) => ({
      type: body.type,
      data: await app.rateValues(deps, params.project_id, body.data),
    }),
  });
}
