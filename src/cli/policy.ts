import type { CommandInput } from './command-input.ts';
import { EXIT } from './exit-codes.ts';
import { explainAction } from './explanation.ts';
import { readContext } from './explanation-facts.ts';
import { explanationText } from './explanation-text.ts';
import { UsageError } from './flags.ts';
import { identitiesFileOf, readPresentIdentities } from './identities-file.ts';
import { findUser } from './named-identity.ts';
import { suggestDocument } from './policy-suggestion.ts';
import { printToStderr } from './standard-streams.ts';
import { readTextFile } from './text-file.ts';

const USAGE =
  'policy takes one of: explain --user NAME --action A, suggest FILE; see csms-server policy --help';
const WORD_FLAGS: Readonly<Record<string, readonly string[]>> = {
  explain: ['user', 'action', 'domain', 'project', 'resource', 'key', 'context', 'json'],
  suggest: ['user', 'version'],
};

/**
 * `csms-server policy`: says who may do what and why, and makes a policy of what was done. Throws UsageError, StartError,
 * FileError.
 */
export async function run(input: CommandInput): Promise<number> {
  const { flags, positionals } = input;
  const [word = '', file] = positionals;
  const taken = WORD_FLAGS[word];
  if (taken === undefined) throw new UsageError(USAGE);
  const known = new Set(Object.values(WORD_FLAGS).flat());
  const stray = [...known].find((flag) => flags.has(flag) && !taken.includes(flag));
  if (stray !== undefined) throw new UsageError(`policy ${word} does not take --${stray}`);
  if (word === 'suggest') return suggest(input, file);
  if (file !== undefined) throw new UsageError(`policy explain does not take ${file}`);
  return explain(input);
}

function explain({ env, flags }: CommandInput): number {
  const required = (flag: string): string => {
    const value = flags.get(flag);
    if (value === undefined || value === '') throw new UsageError(`policy explain needs --${flag}`);
    return value;
  };
  const [name, action] = [required('user'), required('action')];
  const context = readContext(flags.get('context') ?? '{}');
  const contents = readPresentIdentities(identitiesFileOf(env), env);
  const user = findUser(contents, name, flags.get('domain'));
  const explanation = explainAction(contents, {
    user,
    project: flags.get('project'),
    action,
    resource: flags.get('resource'),
    key: flags.get('key'),
    context,
    region: env.CSMS_REGION || 'local-1',
    nowMs: Date.now(),
  });
  process.stdout.write(
    flags.has('json')
      ? `${JSON.stringify(explanation)}\n`
      : explanationText(explanation, { usesPolicies: contents.usesPolicies, user }),
  );
  const all = [explanation, ...explanation.dependencies];
  return all.every(({ decision }) => decision === 'allow') ? EXIT.ok : EXIT.checkFailed;
}

function suggest({ flags }: CommandInput, file: string | undefined): number {
  if (file === undefined) throw new UsageError(USAGE);
  const version = flags.get('version') ?? '5.0';
  if (version !== '5.0' && version !== '1.1') throw new UsageError('--version takes 5.0 or 1.1');
  const suggestion = suggestDocument(
    { file, text: readTextFile(file) },
    { user: flags.get('user'), version },
  );
  if ('refusal' in suggestion) {
    printToStderr(`csms-server: ${suggestion.refusal}\n`);
    return EXIT.checkFailed;
  }
  process.stdout.write(`${JSON.stringify(suggestion.document, null, 2)}\n`);
  return EXIT.ok;
}
