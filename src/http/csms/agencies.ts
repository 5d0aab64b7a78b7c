import { Type } from '@sinclair/typebox';
import { AGENCIES } from '../../core/identity/agencies.ts';
import type { App } from '../app.ts';
import { operation, route } from '../wire/operation.ts';
import { RotatedType, Titled } from '../wire/schemas.ts';

const CreateAgencyBody = Titled('CreateAgencyRequest', { secret_type: RotatedType });
const CreateAgencyResponse = Titled('CreateAgencyResponse', {
  agencies: Type.Array(Titled('Agency', { agency_name: Type.String(), agency_id: Type.String() })),
});
const ShowAgencyResponse = Titled('ShowAgencyResponse', {
  agency_granted: Type.String({ enum: ['true'], description: 'Always true' }),
});

/** CreateAgency, ShowAgency: in the cloud one service lets another act; here there is only one. */
export function registerAgencies(api: App): void {
  api.route({
    ...route('POST', '/v1/csms/agencies', {
      ...operation(
        'CreateAgency',
        'Does nothing: no delegation is needed here; returns the names that the cloud uses',
      ),
      body: CreateAgencyBody,
      response: { 200: CreateAgencyResponse },
    }),
    handler: async () => ({
      agencies: AGENCIES.map(({ name, id }) => ({ agency_name: name, agency_id: id })),
    }),
  });
  api.route({
    ...route('GET', '/v1/csms/agencies', {
      ...operation('ShowAgency', 'Says that the delegation exists: none is needed here'),
      querystring: Type.Object({ secret_type: RotatedType }),
      response: { 200: ShowAgencyResponse },
    }),
    handler: async () => ({ agency_granted: 'true' }),
  });
}
