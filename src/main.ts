import { COMMANDS, HELP } from './cli/commands.ts';
import { exitCodeOf, printFailure } from './cli/exit-codes.ts';
import { parseCommandLine, UsageError } from './cli/flags.ts';
import { flagOf, SECRET_SETTINGS } from './cli/settings-help.ts';
import { watchStdout } from './cli/standard-streams.ts';
import { withoutServiceVariables } from './config/service-variables.ts';
import { SETTINGS } from './config/settings.ts';
import { readVersion } from './config/version.ts';

// Files are private from the first; a thread cannot set this later.
process.umask(0o077);
// Without a listener this signal opens the debugger.
process.on('SIGUSR1', () => undefined);

const SETTING_FLAGS = SETTINGS.filter(({ name }) => !SECRET_SETTINGS.has(name)).map(({ name }) =>
  flagOf(name),
);

/** Runs one command; returns the exit code. */
async function main(args: readonly string[]): Promise<number> {
  const [name, ...rest] = args;
  if (name === undefined || name === 'help' || name === '--help') {
    process.stdout.write(HELP);
    return name === undefined ? 64 : 0;
  }
  if (name === '--version') {
    process.stdout.write(`csms-server ${readVersion()}\n`);
    return 0;
  }
  const command = COMMANDS.get(name);
  if (command === undefined) throw new UsageError(`there is no command ${name}; see csms-server --help`);
  const allowed = new Set(['help', ...command.flags, ...(command.takesSettings ? SETTING_FLAGS : [])]);
  refuseSecretFlags(rest);
  const { positionals, flags } = parseCommandLine(rest, allowed);
  if (flags.has('help')) {
    process.stdout.write(command.help);
    return 0;
  }
  if (positionals.length > command.argumentsMax) {
    throw new UsageError(
      `${name} does not take ${positionals[command.argumentsMax]}; see csms-server ${name} --help`,
    );
  }
  const settings = command.takesSettings ? SETTING_FLAGS.filter((flag) => flags.has(flag)) : [];
  const overrides = settings.map((flag) => [
    `CSMS_${flag.toUpperCase().replaceAll('-', '_')}`,
    flags.get(flag),
  ]);
  const env = { ...withoutServiceVariables(process.env), ...Object.fromEntries(overrides) };
  const { run } = await command.load();
  return run({ positionals, flags, env });
}

function refuseSecretFlags(args: readonly string[]): void {
  for (const variable of SECRET_SETTINGS) {
    const flag = `--${flagOf(variable)}`;
    if (!args.some((argument) => argument === flag || argument.startsWith(`${flag}=`))) continue;
    throw new UsageError(
      `${flag} would show a secret to every user of this machine: set ${variable} instead`,
    );
  }
}

function fail(error: unknown): void {
  printFailure(error);
  process.exitCode = exitCodeOf(error);
}

watchStdout(fail);
try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  fail(error);
}
