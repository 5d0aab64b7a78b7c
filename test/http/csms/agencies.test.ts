import { describe, expect, it } from 'vitest';
import { OUTSIDER, shareServer } from '../../support/server.ts';
import { ok } from '../calls.ts';

const server = shareServer();
const path = '/v1/csms/agencies';

describe('CreateAgency and ShowAgency', () => {
  it.each(['RDS-FG', 'GaussDB-FG'])('answer as the cloud does for %s, to everybody', async (secret_type) => {
    const created = await server.send({ method: 'POST', path, body: { secret_type } }, OUTSIDER);
    expect(ok(created)).toEqual({
      agencies: [
        { agency_name: 'CSMSAccessFunctionGraph', agency_id: '0'.repeat(31).concat('1') },
        { agency_name: 'FunctionGraphAgencyForRotateRDSByCSMSV3', agency_id: '0'.repeat(31).concat('2') },
      ],
    });
    const shown = await server.send({ method: 'GET', path: `${path}?secret_type=${secret_type}` }, OUTSIDER);
    // A text, as in the documents.
    expect(ok(shown)).toEqual({ agency_granted: 'true' });
  });
});
