import { withoutServiceVariables } from '../config/service-variables.ts';
import { SETTINGS } from '../config/settings.ts';
import { readVersion } from '../config/version.ts';
import { COMMANDS, HELP } from './commands.ts';
import { parseCommandLine, UsageError } from './flags.ts';
import { flagOf, SECRET_SETTINGS } from './settings-help.ts';

const SETTING_FLAGS = SETTINGS.filter(({ name }) => !SECRET_SETTINGS.has(name)).map(({ name }) =>
  flagOf(name),
);

/**
 * Runs one command and returns its exit code; what it prints goes to stdout. Throws UsageError for a command line that cannot
 * be understood, and what the command throws.
 */
export async function runCommandLine(
  args: readonly string[],
  variables: Readonly<Record<string, string | undefined>>,
): Promise<number> {
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
  const env = { ...withoutServiceVariables(variables), ...Object.fromEntries(overrides) };
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
