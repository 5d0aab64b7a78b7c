import { readFileSync } from 'node:fs';
import type { FunctionTemplates } from '../core/rotation/rotation.ts';
import { RESOURCES } from '../std/resources.ts';

/**
 * Reads the parts of the rotation functions, which lie beside this file as plain JavaScript, and composes one function
 * for each way to rotate: one file, one driver, to be started with `node`. Throws when a part is missing.
 * @see docs/behaviour/rotation-function.md
 */
export function readFunctionTemplates(): FunctionTemplates {
  const [protocol, mysql, postgresql, sqlserver, singleUser, multiUser] = [
    'protocol',
    'mysql',
    'postgresql',
    'sqlserver',
    'single-user',
    'multi-user',
  ].map((name) => readFileSync(new URL(`${name}.js`, RESOURCES.functionTemplates), 'utf8'));
  const engines = { mysql, postgresql, sqlserver };
  const strategies = { SingleUser: singleUser, MultiUser: multiUser };
  return {
    // The protocol of the server's calls comes last, after everything that it uses.
    textFor: ({ subType, engine }) => [engines[engine], strategies[subType], protocol].join('\n'),
  };
}
