import { Type } from '@sinclair/typebox';
import type { AddressRules } from '../../webhook/address-rules.ts';
import { FileError } from '../../yaml/file-error.ts';
import { parseYaml } from '../../yaml/yaml-node.ts';
import type { ControlApp } from '../control/app.ts';
import { ControlError, invalidMember } from '../control/control-error.ts';
import { readWorldHooks } from './world-hooks.ts';

/** Entries of each kind. */
const HOOKS_MAX = 1_000;

const strict = { additionalProperties: false };
const Body = Type.Object(
  {
    topics: Type.Optional(
      Type.Array(
        Type.Object(
          {
            urn: Type.String(),
            endpoints: Type.Array(Type.String()),
            secret: Type.Optional(Type.String()),
          },
          strict,
        ),
        { maxItems: HOOKS_MAX },
      ),
    ),
    functions: Type.Optional(
      Type.Array(
        Type.Object({ urn: Type.String(), url: Type.String(), secret: Type.Optional(Type.String()) }, strict),
        { maxItems: HOOKS_MAX },
      ),
    ),
  },
  strict,
);

/** Adds the hooks of worlds to the control API. `rules`: what may be called. */
export function registerHooks(control: ControlApp, rules: AddressRules): void {
  const url = '/_csms/worlds/:world/hooks';
  control.get(url, ({ testWorld }) => testWorld.hooks.show());
  control.put(url, { schema: { body: Body } }, ({ body, testWorld }) => {
    testWorld.hooks.replace(readBody(body, rules));
    return testWorld.hooks.show();
  });
}

/** JSON is YAML: so the rules of the operator's file are those of a request. Throws ControlError (invalid). */
function readBody(body: object, rules: AddressRules) {
  try {
    return readWorldHooks(parseYaml({ file: 'body', text: JSON.stringify(body) }), rules);
  } catch (error) {
    if (!(error instanceof FileError)) throw error;
    const { key, reason } = error;
    throw key === '(file)' ? new ControlError('invalid', reason) : invalidMember(key, reason);
  }
}
