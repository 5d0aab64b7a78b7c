/** A command line that cannot be understood: exit code 64. */
export class UsageError extends Error {}

/** Flags that are true without a value. */
const SWITCHES: ReadonlySet<string> = new Set(['help', 'json', 'version', 'allow-http', 'tls-self-signed']);

/** A command line taken apart. */
export interface CommandLine {
  readonly positionals: readonly string[];
  /** Flag name without dashes to its value; a switch has `1`. */
  readonly flags: ReadonlyMap<string, string>;
}

/**
 * Takes `--name value`, `--name=value`, switches and `-d BODY`, `-H HEADER` apart; `--` ends the flags. Pure.
 * Throws UsageError for a flag that `allowed` does not hold, one without a value, and one given twice.
 */
export function parseCommandLine(args: readonly string[], allowed: ReadonlySet<string>): CommandLine {
  const positionals: string[] = [];
  const flags = new Map<string, string>();
  for (let index = 0; index < args.length; index += 1) {
    const argument = args[index] ?? '';
    if (argument === '--') {
      positionals.push(...args.slice(index + 1));
      break;
    }
    if (!argument.startsWith('-') || argument === '-') {
      positionals.push(argument);
      continue;
    }
    const [, name = '', given] = /^--?([a-zA-Z][a-z-]*)(?:=(.*))?$/s.exec(argument) ?? [];
    if (!allowed.has(name)) throw new UsageError(`unknown flag ${argument.split('=')[0]}`);
    if (flags.has(name)) throw new UsageError(`--${name} is given twice`);
    let value = given ?? (SWITCHES.has(name) ? '1' : undefined);
    if (value === undefined) {
      index += 1;
      value = args[index];
    }
    if (value === undefined) throw new UsageError(`--${name} needs a value`);
    flags.set(name, value);
  }
  return { positionals, flags };
}
