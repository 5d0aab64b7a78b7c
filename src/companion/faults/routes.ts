import type { ControlApp } from '../control/app.ts';
import { ControlError, invalidMember } from '../control/control-error.ts';
import { FaultBody, readFault } from './draft.ts';
import { FAULTS_MAX } from './faults.ts';

const PATH = '/_csms/worlds/:world/faults';

/** Adds the faults of a world to the control API. */
export function registerFaults(control: ControlApp): void {
  control.post(PATH, { schema: { body: FaultBody } }, ({ body, testWorld }, reply) => {
    const added = testWorld.faults.add(readFault(body));
    if (added === undefined)
      throw invalidMember('faults', `of a world are at most ${FAULTS_MAX}; remove some`);
    return reply.code(201).send(added);
  });
  control.get(PATH, ({ testWorld }) => ({ faults: testWorld.faults.list() }));
  control.delete(PATH, ({ testWorld }, reply) => {
    testWorld.faults.clear();
    return reply.code(204).send();
  });
  control.delete<{ Params: { fault: string } }>(`${PATH}/:fault`, ({ params, testWorld }, reply) => {
    if (testWorld.faults.remove(params.fault)) return reply.code(204).send();
    throw new ControlError('not-found', 'there is no fault of this id');
  });
}
