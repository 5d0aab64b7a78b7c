import { expect, it, vi } from 'vitest';
import * as app from '../../src/companion/control/app.ts';
import { shareServer } from '../support/server.ts';
import { control, TOKEN } from './control.ts';

vi.mock('../../src/companion/control/app.ts', { spy: true });

const server = shareServer({ mode: 'dev', listen: true, env: { CSMS_CONTROL_TOKEN: TOKEN } });

it('a control API that cannot be built says so, in the log too, and is built by the next request', async () => {
  const build = vi.mocked(app.createControl);
  build.mockRejectedValueOnce(new Error('secret of the cause'));
  const refused = await control(server, 'POST', '', { body: { name: 'w1' } });
  expect([refused.status, refused.json]).toEqual([
    500,
    { error_code: 'internal', error_msg: expect.stringContaining('log') },
  ]);
  expect(server.logText()).toContain('the control API cannot be built');
  expect(server.logText()).not.toContain('secret of the cause');
  expect((await control(server, 'POST', '', { body: { name: 'w1' } })).status).toBe(201);
  expect((await control(server, 'GET', '')).json.worlds).toHaveLength(2);
  expect(build).toHaveBeenCalledTimes(2);
});
