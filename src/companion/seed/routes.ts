import { FileError } from '../../yaml/file-error.ts';
import type { ControlApp } from '../control/app.ts';
import { ControlError } from '../control/control-error.ts';
import type { Seeds } from './seeds.ts';

/** The name of a seed that came as a body, in complaints about it. */
const BODY = 'seed.yaml';
const YAML = 'application/yaml; charset=utf-8';

/** Adds the seeds of worlds to the control API. */
export function registerSeeds(control: ControlApp, seeds: Seeds): void {
  const url = '/_csms/worlds/:world/seed';
  control.get(url, async ({ testWorld }, reply) => reply.type(YAML).send(await seeds.export(testWorld)));
  control.put(url, { config: { takesBytes: true } }, async ({ body, testWorld }) => {
    try {
      // The hook of the control API leaves it as it came.
      return await seeds.apply(testWorld, { file: BODY, bytes: body as Buffer });
    } catch (error) {
      throw error instanceof FileError ? refusalOf(error) : error;
    }
  });
}

function refusalOf({ key, line, message }: FileError): ControlError {
  return new ControlError('seed-invalid', message, { line, key });
}
