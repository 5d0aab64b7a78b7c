import { Type } from '@sinclair/typebox';
import { countCustomKeys } from '../../app/kms/keys.ts';
import { GRANTS_PER_KEY_MAX, KEYS_MAX } from '../../core/limits.ts';
import type { App } from '../app.ts';
import { kmsRoute } from '../wire/kms-schemas.ts';
import { operation } from '../wire/operation.ts';
import { Titled } from '../wire/schemas.ts';

const Resource = Type.Object({ type: Type.String(), used: Type.Integer(), quota: Type.Integer() });

/** ShowUserInstances, ShowUserQuotas. */
export function registerKeyQuotas(api: App): void {
  api.route({
    ...kmsRoute('GET', '/v1.0/:project_id/kms/user-instances', {
      ...operation('ShowUserInstances', 'Counts keys, without default keys'),
      response: {
        200: Titled('ShowUserInstancesResponse', { instance_num: Type.Integer() }),
      },
    }),
    handler: async ({ deps, params }) => ({
      instance_num: await countCustomKeys(deps, params.project_id),
    }),
  });
  api.route({
    ...kmsRoute('GET', '/v1.0/:project_id/kms/user-quotas', {
      ...operation('ShowUserQuotas', 'Shows quotas and their use'),
      response: {
        200: Titled('ShowUserQuotasResponse', { quotas: Type.Object({ resources: Type.Array(Resource) }) }),
      },
    }),
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
