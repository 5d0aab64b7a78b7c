import { readControlSettings } from './client.ts';
import type { CommandInput } from './command-input.ts';
import { ControlRefusal, callControl, worldPath } from './control.ts';
import { EXIT } from './exit-codes.ts';
import { UsageError } from './flags.ts';
import { readTextFile } from './text-file.ts';

/** What the control API answers about an application. */
interface AppliedAnswer {
  readonly created: number;
  readonly replaced: number;
  readonly unchanged: number;
}

const USAGE = 'seed takes one of: check FILE, apply FILE, export';

/**
 * `csms-server seed`: checks a seed, applies it to a world of a server for tests, or prints such a world as one. Throws
 * UsageError, StartError, ControlRefusal, FileError.
 */
export async function run({ positionals, flags, env }: CommandInput): Promise<number> {
  const [word = '', file] = positionals;
  if (word === 'export' && file === undefined) {
    process.stdout.write(await askWorld({ flags, env }, { method: 'GET' }));
    return EXIT.ok;
  }
  if (!['apply', 'check'].includes(word) || file === undefined) throw new UsageError(USAGE);
  const text = readTextFile(file);
  if (word === 'check') {
    print(JSON.stringify(await check({ file, text }, env)), flags);
    return EXIT.ok;
  }
  const answer = await askWorld({ flags, env }, { method: 'PUT', body: text }).catch((error: unknown) => {
    throw error instanceof ControlRefusal ? namingFile(error, file) : error;
  });
  print(answer, flags);
  return EXIT.ok;
}

/** What a server with these settings would say, if it were empty. */
async function check(seed: { readonly file: string; readonly text: string }, env: CommandInput['env']) {
  // Only this word needs to know what the server knows.
  const [{ checkSeed }, { readConfig }] = await Promise.all([
    import('../companion/seed/check.ts'),
    import('../config/config.ts'),
  ]);
  const { limits, region, webhookHosts } = readConfig('dev', env);
  return checkSeed({ ...seed, limits, region, webhookHosts, nowMs: Date.now() });
}

function print(answer: string, flags: CommandInput['flags']): void {
  process.stdout.write(flags.has('json') ? `${answer}\n` : counts(answer));
}

function askWorld(
  { flags, env }: Pick<CommandInput, 'flags' | 'env'>,
  request: { readonly method: 'GET' | 'PUT'; readonly body?: string },
): Promise<string> {
  const settings = readControlSettings(env);
  const path = `${worldPath(flags.get('world') ?? settings.world)}/seed`;
  return callControl(settings, { ...request, path }, flags);
}

/** The server does not know the file; its complaint begins with a name of its own. */
function namingFile(refusal: ControlRefusal, file: string): ControlRefusal {
  if (refusal.code !== 'seed-invalid') return refusal;
  return new ControlRefusal(
    refusal.code,
    refusal.message.replace(/^[^:\s]+(?=:\d+: )/, () => file),
  );
}

function counts(answer: string): string {
  // The cast is what the control API promises.
  const { created, replaced, unchanged } = JSON.parse(answer) as AppliedAnswer;
  return `created ${created}, replaced ${replaced}, unchanged ${unchanged}\n`;
}
