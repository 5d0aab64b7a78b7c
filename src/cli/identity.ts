import { FileFault } from '../files/guarded-file.ts';
import { FileError } from '../yaml/file-error.ts';
import type { CommandInput } from './command-input.ts';
import { EXIT } from './exit-codes.ts';
import { UsageError } from './flags.ts';
import { identitiesFileOf, readPresentIdentities } from './identities-file.ts';
import { printToStderr } from './standard-streams.ts';

const USAGE =
  'identity takes one of: check [FILE], hash-password, add-user NAME, add-key USER, rotate-key AK; see csms-server identity --help';
/** Flags of the words that write; the others go with all of them. */
const WORD_FLAGS: Readonly<Record<string, readonly string[]>> = {
  check: ['json'],
  'hash-password': ['json'],
  'add-user': ['json', 'domain', 'groups', 'policies', 'projects', 'password-stdin'],
  'add-key': ['json', 'domain'],
  'rotate-key': ['json', 'disable'],
};
const OWN_FLAGS = ['json', 'domain', 'groups', 'policies', 'projects', 'password-stdin', 'disable'];

/**
 * `csms-server identity`: checks an identities file, and adds users and access keys to it. Throws UsageError, StartError,
 * FileError, FileFault.
 */
export async function run(input: CommandInput): Promise<number> {
  const { positionals, flags } = input;
  const [word = '', argument] = positionals;
  const taken = WORD_FLAGS[word];
  if (taken === undefined) throw new UsageError(USAGE);
  const stray = OWN_FLAGS.find((flag) => flags.has(flag) && !taken.includes(flag));
  if (stray !== undefined) throw new UsageError(`identity ${word} does not take --${stray}`);
  if (word === 'check') return check(input, argument);
  if (word === 'hash-password') {
    if (argument !== undefined) throw new UsageError('the password is read from stdin');
    return (await import('./hash-password.ts')).run({ ...input, positionals: [] });
  }
  if (argument === undefined) throw new UsageError(USAGE);
  const { addKey, addUser, rotateKey } = await import('./identity-additions.ts');
  const add = { 'add-user': addUser, 'add-key': addKey, 'rotate-key': rotateKey }[word];
  if (add === undefined) throw new UsageError(USAGE);
  const result = await add(input, argument);
  process.stdout.write(flags.has('json') ? `${JSON.stringify(result)}\n` : linesOf(result));
  return EXIT.ok;
}

async function check({ env, flags }: CommandInput, given: string | undefined): Promise<number> {
  const file = given ?? identitiesFileOf(env);
  let finding: FileError | undefined;
  try {
    const contents = readPresentIdentities(file, env, { isComplete: true });
    const { warningsAbout } = await import('../compose/identity-warnings.ts');
    for (const { fields, message } of warningsAbout(contents)) {
      const details = Object.entries(fields).map(([name, value]) => ` ${name}=${JSON.stringify(value)}`);
      printToStderr(`csms-server: warning: ${message}${details.join('')}\n`);
    }
  } catch (error) {
    if (!(error instanceof FileError) || (error.cause instanceof FileFault && error.file === file))
      throw error;
    finding = error;
  }
  const findings = finding === undefined ? [] : [finding];
  const text = flags.has('json')
    ? `${JSON.stringify({
        ok: finding === undefined,
        findings: findings.map((fault) => ({
          file: fault.file,
          line: fault.line,
          key: fault.key,
          reason: fault.reason,
        })),
      })}\n`
    : findings.map(({ message }) => `${message}\n`).join('');
  process.stdout.write(text);
  return finding === undefined ? EXIT.ok : EXIT.checkFailed;
}

function linesOf(result: object): string {
  const lines = Object.entries(result).map(
    ([name, value]) => `${name.replace('_', ' ').padEnd(11)} ${value}\n`,
  );
  return lines.join('');
}
