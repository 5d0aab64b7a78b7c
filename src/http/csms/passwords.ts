import { type Static, Type } from '@sinclair/typebox';
import * as app from '../../app/secrets/passwords.ts';
import { PASSWORD_LENGTH, type PasswordRecipe } from '../../core/secrets/passwords.ts';
import type { App } from '../app.ts';
import { operation, route } from '../wire/operation.ts';
import { Omissible, Titled } from '../wire/schemas.ts';

/** Bytes of a response: the longest password, every character escaped. */
const RESPONSE_BYTES_MAX = 2 * PASSWORD_LENGTH.max + 64;
const Switch = Omissible(Type.Boolean());
const GenerateBody = Titled('GenerateRandomPasswordRequest', {
  length: Omissible(
    Type.Integer({
      minimum: PASSWORD_LENGTH.min,
      maximum: PASSWORD_LENGTH.max,
      description: `Characters; ${PASSWORD_LENGTH.default} when left out`,
    }),
  ),
  exclude_characters: Omissible(
    Type.String({ pattern: '^[ -~]{0,1024}$', description: 'Characters that must not come up' }),
  ),
  exclude_lowercase: Switch,
  exclude_uppercase: Switch,
  exclude_numbers: Switch,
  exclude_punctuation: Switch,
  include_space: Switch,
  require_each_included_type: Switch,
  password_policy_name: Omissible(
    Type.String({ maxLength: 64, description: 'There are no policies: only the empty name is accepted' }),
  ),
});
const GenerateResponse = Titled('GenerateRandomPasswordResponse', { password: Type.String() });

/** GenerateRandomPassword. */
export function registerPasswords(api: App): void {
  api.route({
    ...route('POST', '/v1/:project_id/csms/generate-password', {
      ...operation('GenerateRandomPassword', 'Generates a random password; nothing is stored'),
      body: GenerateBody,
      response: { 200: GenerateResponse },
      config: { isBodyOptional: true, responseBytes: () => RESPONSE_BYTES_MAX },
    }),
    handler: async ({ deps, body }) => {
      const policyName = body.password_policy_name || undefined;
      return { password: app.generateRandomPassword(deps, toRecipe(body), policyName) };
    },
  });
}

function toRecipe(body: Static<typeof GenerateBody>): PasswordRecipe {
  return {
    length: body.length ?? PASSWORD_LENGTH.default,
    excludeCharacters: body.exclude_characters ?? '',
    excludeLowercase: body.exclude_lowercase ?? false,
    excludeUppercase: body.exclude_uppercase ?? false,
    excludeNumbers: body.exclude_numbers ?? false,
    excludePunctuation: body.exclude_punctuation ?? false,
    includeSpace: body.include_space ?? false,
    requireEachIncludedType: body.require_each_included_type ?? false,
  };
}
