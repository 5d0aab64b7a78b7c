import { Type } from '@sinclair/typebox';
import { countCustomKeys } from '../../app/kms/keys.ts';
import { GRANTS_PER_KEY_MAX, KEYS_MAX } from '../../core/limits.ts';
import type { App } from '../app.ts';
import { KmsPath, kmsRoute } from '../wire/kms-schemas.ts';
import { operation } from '../wire/operation.ts';
import { nestedResponses } from '../wire/schemas.ts';

const Resource = Type.Object({ type: Type.String(), used: Type.Integer(), quota: Type.Integer() });

/** ShowUserInstances, ShowUserQuotas. */
export function registerKeyQuotas(api: App): void {
  api.route({
    ...kmsRoute('GET', 'user-instances'),
    schema: {
      ...operation('ShowUserInstances', 'Counts keys, without default keys'),
      params: KmsPath,
      response: nestedResponses({
        200: Type.Object({ instance_num: Type.Integer() }, { title: 'ShowUserInstancesResponse' }),
      }),
    },
    handler: async ({ deps, params }) => ({
      instance_num: await countCustomKeys(deps, params.project_id),
    }),
  });
  api.route({
    ...kmsRoute('GET', 'user-quotas'),
    schema: {
      ...operation('ShowUserQuotas', 'Shows quotas and their use'),
      params: KmsPath,
      response: nestedResponses({
        200: Type.Object(
          { quotas: Type.Object({ resources: Type.Array(Resource) }) },
          { title: 'ShowUserQuotasResponse' },
        ),
      }),
    },
    handler: async ({ deps, params }) => {
      const used = await countCustomKeys(deps, params.project_id);
      const resources = [
        { type: 'CMK', used, quota: KEYS_MAX },
        { type: 'grant_per_CMK', used: 0, quota: GRANTS_PER_KEY_MAX },
      ];
      return { quotas: { resources } };
    },
  });
}
