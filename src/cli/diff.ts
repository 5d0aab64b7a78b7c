import { parseEnv } from 'node:util';
import { readCallsFile, type WrittenCall } from './calls-file.ts';
import { type ClientSettings, fillProject, readClientSettings, signNow } from './client.ts';
import type { CommandInput } from './command-input.ts';
import { type ComparedAnswer, differencesOf } from './differences.ts';
import { EXIT } from './exit-codes.ts';
import { UsageError } from './flags.ts';
import { destinationAt, reach } from './reach.ts';
import { readTextFile } from './text-file.ts';

const USAGE = 'diff takes three words: a file of calls, and two addresses such as http://127.0.0.1:4280';

/**
 * `csms-server diff`: sends the calls of a file to two servers, one after the other, and prints what differs between their
 * responses. Returns 1 when something does. Throws UsageError, StartError, FileError.
 */
export async function run({ positionals, flags, env }: CommandInput): Promise<number> {
  const [file, first, second] = positionals;
  if (file === undefined || first === undefined || second === undefined) throw new UsageError(USAGE);
  for (const url of [first, second]) if (!/^https?:\/\//i.test(url)) throw new UsageError(USAGE);
  const { calls, ignored } = readCallsFile(file);
  const one = sideOf(first, { ...env, ...variablesIn(flags.get('env-a')) });
  const other = sideOf(second, { ...env, ...variablesIn(flags.get('env-b')) });
  const differences: { call: number; method: string; path: string; difference: string }[] = [];
  for (const [index, call] of calls.entries()) {
    // Not at once: the two may be one server.
    const ones = await send(one, call);
    const others = await send(other, call);
    for (const difference of differencesOf(ones, others, ignored)) {
      const { method, path } = call;
      differences.push({ call: index + 1, method, path, difference });
      if (!flags.has('json')) process.stdout.write(`${index + 1} ${method} ${path}: ${difference}\n`);
    }
  }
  if (flags.has('json')) process.stdout.write(`${JSON.stringify({ differences })}\n`);
  return differences.length === 0 ? EXIT.ok : EXIT.checkFailed;
}

function sideOf(endpoint: string, env: CommandInput['env']): ClientSettings {
  return { ...readClientSettings(env), endpoint };
}

async function send(settings: ClientSettings, { method, path, body }: WrittenCall): Promise<ComparedAnswer> {
  const { url, signedUrl } = destinationAt(settings.endpoint, fillProject(path, settings));
  return reach(url, { method, headers: signNow(settings, { method, url: signedUrl, body }), body });
}

/** What a file of variables sets for one side, such as `world fork` prints. Throws StartError. */
function variablesIn(file: string | undefined): Readonly<Record<string, string | undefined>> {
  return file === undefined ? {} : parseEnv(readTextFile(file));
}
