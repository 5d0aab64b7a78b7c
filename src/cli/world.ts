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
  readonly needsName?: true;
  /** `path` is that of the named world. */
  request(
    path: string,
    given: { name?: string | undefined; from: string; ttl?: string | undefined },
  ): ControlRequest;
  print?(text: string): string;
}

const ACTIONS: Readonly<Record<string, Action>> = {
  fork: { request: (_, given) => ({ method: 'POST', path: '', body: given }), print: printVariables },
  list: { request: () => ({ method: 'GET', path: '' }), print: printList },
  show: { needsName: true, request: (path) => ({ method: 'GET', path }), print: printVariables },
  reset: { needsName: true, request: (path) => ({ method: 'POST', path: `${path}/reset` }) },
  delete: { needsName: true, request: (path) => ({ method: 'DELETE', path }) },
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
  if (action.needsName && name === undefined) throw new UsageError(`world ${word} needs the name of a world`);
  for (const flag of ['from', 'ttl']) {
    if (word !== 'fork' && flags.has(flag)) throw new UsageError(`--${flag} is for world fork`);
  }
  const settings = readControlSettings(env);
  const given = { name, from: flags.get('from') ?? settings.world, ttl: flags.get('ttl') };
  const text = await callControl(settings, action.request(worldPath(name ?? ''), given), flags);
  const line = text === '' ? '' : `${text}\n`;
  process.stdout.write(flags.has('json') ? line : (action.print?.(text) ?? ''));
  return EXIT.ok;
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
