import { readControlSettings } from './client.ts';
import type { CommandInput } from './command-input.ts';
import { type ControlRequest, callControl, worldPath } from './control.ts';
import { EXIT } from './exit-codes.ts';
import { UsageError } from './flags.ts';

/** What the control API answers about a clock; the last two when it was moved. */
interface ClockAnswer {
  readonly now: string;
  readonly settled?: boolean;
  readonly fired?: readonly {
    readonly at: string;
    readonly type: string;
    readonly name: string;
    readonly version?: string;
  }[];
}

const DURATION = /^\d+(?:ms|s|m|h|d)$/;
const WORDS = 'accept, show, freeze, resume, set TIME, advance D|TIME';

/**
 * `csms-server clock`: shows and moves the clock of a world of a server for tests; `accept` is for the machine's clock, and
 * a server that is stopped. Throws UsageError, StartError, ControlRefusal.
 */
export async function run(input: CommandInput): Promise<number> {
  const { positionals, flags, env } = input;
  const [word = '', to] = positionals;
  if (word === 'accept' && to === undefined) {
    const { acceptMachineClock } = await import('./clock-acceptance.ts');
    return acceptMachineClock(input);
  }
  const { method, path, body } = requestOf(word, to);
  const settings = readControlSettings(env);
  const world = worldPath(flags.get('world') ?? settings.world);
  const text = await callControl(settings, { method, path: `${world}${path}`, body }, flags);
  // The cast is what the control API promises.
  const answer = JSON.parse(text) as ClockAnswer;
  process.stdout.write(flags.has('json') ? `${text}\n` : printed(answer));
  return answer.settled === false ? EXIT.checkFailed : EXIT.ok;
}

function requestOf(word: string, to: string | undefined): ControlRequest {
  if (['set', 'advance'].includes(word)) {
    if (to === undefined) throw new UsageError(`clock ${word} needs a time`);
    const body = word === 'advance' && DURATION.test(to) ? { by: to } : { to };
    return { method: 'POST', path: `/clock/${word}`, body };
  }
  if (to !== undefined || !['show', 'freeze', 'resume'].includes(word)) {
    throw new UsageError(`clock takes one of: ${WORDS}`);
  }
  return word === 'show' ? { method: 'GET', path: '/clock' } : { method: 'POST', path: `/clock/${word}` };
}

function printed({ fired = [], now }: ClockAnswer): string {
  const lines = fired.map(({ at, type, name, version }) =>
    [at, type, name, version].filter((part) => part !== undefined).join(' '),
  );
  return [...lines, now].map((line) => `${line}\n`).join('');
}
