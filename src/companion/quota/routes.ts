import type { ControlApp } from '../control/app.ts';
import { QuotaBody } from './quota.ts';

const PATH = '/_csms/worlds/:world/quota';

/** Adds the quota of a world to the control API. */
export function registerQuota(control: ControlApp): void {
  control.put(PATH, { schema: { body: QuotaBody } }, ({ body, testWorld }) => {
    testWorld.quota.set(body);
    return testWorld.quota.show();
  });
  control.get(PATH, ({ testWorld }) => testWorld.quota.show());
  control.delete(PATH, ({ testWorld }, reply) => {
    testWorld.quota.clear();
    return reply.code(204).send();
  });
}
