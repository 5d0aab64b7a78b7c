import { readControlSettings } from './client.ts';
import type { CommandInput } from './command-input.ts';
import { type ControlRequest, callControl, worldPath } from './control.ts';
import { variableLines } from './credentials.ts';
import { EXIT } from './exit-codes.ts';
import { UsageError } from './flags.ts';

/** What the control API answers about a world. */
interface WorldAnswer {
  readonly env: Readonly<Record<string, string>>;
}

interface WorldList {
  readonly worlds: readonly {
    readonly name: string;
    readonly from: string | null;
    readonly ttl: string | null;
    readonly clock: { readonly now: string; readonly frozen: boolean };
  }[];
}

/** One of the command's words: what it asks for, and what it prints of the response. */
interface Action {
  request(name: string | undefined, flags: ReadonlyMap<string, string>): ControlRequest;
  print(text: string): string;
}

const ACTIONS: Readonly<Record<string, Action>> = {
  fork: {
    request: (name, flags) => ({
      method: 'POST',
      path: '',
      body: { name, from: flags.get('from'), ttl: flags.get('ttl') },
    }),
    print: printVariables,
  },
  list: { request: () => ({ method: 'GET', path: '' }), print: printList },
  show: { request: (name) => ({ method: 'GET', path: pathOf(name) }), print: printVariables },
  reset: { request: (name) => ({ method: 'POST', path: `${pathOf(name)}/reset` }), print: () => '' },
  delete: { request: (name) => ({ method: 'DELETE', path: pathOf(name) }), print: () => '' },
};

/**
 * `csms-server world`: makes, lists, shows, resets and deletes the worlds of a server for tests. Throws UsageError,
 * StartError, ControlRefusal.
 */
export async function run({ positionals, flags, env }: CommandInput): Promise<number> {
  const [word = '', name] = positionals;
  const action = Object.hasOwn(ACTIONS, word) ? ACTIONS[word] : undefined;
  if (action === undefined) throw new UsageError('world takes one of: fork, list, show, reset, delete');
  if (word === 'list' && name !== undefined) throw new UsageError(`world list does not take ${name}`);
  for (const flag of ['from', 'ttl']) {
    if (word !== 'fork' && flags.has(flag)) throw new UsageError(`--${flag} is for world fork`);
  }
  const request = action.request(name, flags);
  const text = await callControl(readControlSettings(env), request, flags);
  process.stdout.write(flags.has('json') ? (text === '' ? '' : `${text}\n`) : action.print(text));
  return EXIT.ok;
}

function pathOf(name: string | undefined): string {
  if (name === undefined)
    throw new UsageError('the name of a world is missing; see csms-server world --help');
  return worldPath(name);
}

function printVariables(text: string): string {
  // The cast, as below, is what the control API promises.
  return variableLines((JSON.parse(text) as WorldAnswer).env);
}

function printList(text: string): string {
  const { worlds } = JSON.parse(text) as WorldList;
  return worlds
    .map(({ clock, from, name, ttl }) => {
      const time = `${clock.now}${clock.frozen ? ' frozen' : ''}`;
      return `${name} ${from === null ? '' : `from ${from} `}${ttl === null ? '' : `ttl ${ttl} `}${time}\n`;
    })
    .join('');
}
