import { parseArgs } from 'node:util';

/** A command line that cannot be understood: exit code 64. */
export class UsageError extends Error {}

/** Flags that are true without a value. */
const SWITCHES: ReadonlySet<string> = new Set([
  'accept',
  'allow-http',
  'disable',
  'help',
  'json',
  'password-stdin',
  'tls-self-signed',
  'unattended',
]);

/**
 * Parses `--name value`, `--name=value`, switches and `-d BODY`; `--` ends the flags. Returns each flag by its name
 * without dashes; a switch has the value `1`.
 * Throws UsageError for a flag that `allowed` does not hold, one without a value, and one given twice.
 */
export function parseCommandLine(args: readonly string[], allowed: ReadonlySet<string>) {
  const options = Object.fromEntries(
    [...allowed].map((name) => [
      name,
      { type: SWITCHES.has(name) ? 'boolean' : 'string', ...(name.length === 1 && { short: name }) } as const,
    ]),
  );
  // Not strict: the messages stay ours, and a switch may be written `--json=1`.
  const { tokens, positionals } = parseArgs({ args: [...args], options, strict: false, tokens: true });
  const flags = new Map<string, string>();
  for (const token of tokens) {
    if (token.kind !== 'option') continue;
    const { name, rawName, value = SWITCHES.has(name) ? '1' : undefined } = token;
    if (!allowed.has(name)) throw new UsageError(`unknown flag ${rawName}`);
    if (flags.has(name)) throw new UsageError(`--${name} is given twice`);
    if (value === undefined) throw new UsageError(`--${name} needs a value`);
    flags.set(name, rawName.startsWith('--') ? value : value.replace(/^=/, ''));
  }
  return { positionals, flags };
}
