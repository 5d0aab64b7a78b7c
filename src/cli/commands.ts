import type { CommandInput } from './command-input.ts';
import { settingsHelp } from './settings-help.ts';

/** One command of the program. Its module is loaded only when it runs, so that the others start fast. */
export interface CliCommand {
  readonly summary: string;
  readonly help: string;
  readonly flags: readonly string[];
  /** How many arguments it takes at most, besides flags. */
  readonly argumentsMax: number;
  /** True when every `CSMS_` variable may be given as a flag. */
  readonly takesSettings: boolean;
  /** `run` returns the exit code. */
  load(): Promise<{ run(input: CommandInput): Promise<number> }>;
}

function command(
  usage: string,
  summary: string,
  details: string,
  rest: Partial<CliCommand> & Pick<CliCommand, 'load'>,
): CliCommand {
  const help = `Usage: csms-server ${usage}\n\n${summary}.\n${details}`;
  return { flags: [], argumentsMax: 0, takesSettings: false, ...rest, summary, help };
}

const CONTROL_NOTE =
  'Reads CSMS_ENDPOINT, CSMS_CONTROL_TOKEN and CSMS_WORLD (main) from the environment, or from credentials.env in the data directory of dev.\n';

const IDENTITIES_NOTE =
  'The file is that of --identities (CSMS_IDENTITIES), else that of dev. A running server takes a change by itself.\n';

/** Every command by its name. */
export const COMMANDS: ReadonlyMap<string, CliCommand> = new Map(
  Object.entries({
    dev: command(
      'dev [flags]',
      'Starts at once with nothing configured',
      `Loopback, data in .csms/, credentials made and printed.\n${settingsHelp('dev')}`,
      { takesSettings: true, load: () => import('./dev.ts') },
    ),
    serve: command(
      'serve [flags]',
      'Serves in production',
      `Needs CSMS_DATA, CSMS_ROOT_KEY and CSMS_IDENTITIES; csms-server init writes a starting set.\n${settingsHelp('serve')}`,
      { takesSettings: true, load: () => import('./serve.ts') },
    ),
    init: command(
      'init [DIRECTORY] [--tls-self-signed] [--owner UID] [--unattended [--endpoint URL]] [--json]',
      'Writes a starting set for serve',
      'A root key, identities with one administrator, an environment file, in csms-config by default. Overwrites nothing.\n--tls-self-signed adds a certificate for trials. --owner gives all of it to a user, such as that of a container.\n--unattended is for a service that runs before each start: it ends well where a set is there, and puts the credentials into credentials.env, for clients of --endpoint.\n',
      {
        flags: ['endpoint', 'json', 'owner', 'tls-self-signed', 'unattended'],
        argumentsMax: 1,
        load: () => import('./init.ts'),
      },
    ),
    call: command(
      'call METHOD PATH [-d BODY]',
      'Sends a signed request and prints the answer',
      "BODY is text, @FILE, or @- for stdin: others can read a command line. Credentials come from the environment, or from credentials.env in the data directory of dev.\n{project_id} in the path is filled in. A path that CSMS_ENDPOINT has is sent and not signed: the proxy there has to take it away. Exit code 1 for an answer of 400 or above.\n\n  csms-server call GET '/v1/{project_id}/secrets'\n",
      { flags: ['d', 'json'], argumentsMax: 2, load: () => import('./call.ts') },
    ),
    sign: command(
      'sign METHOD URL [-d BODY] [--json]',
      'Prints the headers that sign a request',
      'BODY as for call. One header a line, for curl: csms-server sign GET "$URL" | curl -H @- "$URL"\n',
      { flags: ['d', 'json'], argumentsMax: 2, load: () => import('./sign.ts') },
    ),
    token: command(
      'token [--json]',
      'Logs in and prints an X-Auth-Token',
      'With CSMS_USER, CSMS_DOMAIN and CSMS_PASSWORD, from where call finds its credentials.\n\n  TOKEN=$(csms-server token)\n',
      { flags: ['json'], load: () => import('./token.ts') },
    ),
    'hash-password': command(
      'hash-password [--json]',
      'Hashes a password for an identities file',
      'Reads the password from stdin, one line; on a terminal, asks for it twice and does not show it.\n',
      { flags: ['json'], load: () => import('./hash-password.ts') },
    ),
    identity: command(
      'identity check [FILE]|hash-password|add-user NAME|add-key USER|rotate-key AK [flags] [--json]',
      'Checks an identities file, and adds users and access keys to it',
      `check prints FILE:LINE: KEY: REASON and ends with exit code 1 when something is wrong.
add-user takes --domain N, --groups A,B, --policies A,B, --projects A,B and --password-stdin, and makes an access key.
add-key takes --domain N. rotate-key makes another key of the same user; --disable disables the old one.
Comments and layout stay. A secret key goes into a file beside the identities and is printed once.
${IDENTITIES_NOTE}`,
      {
        flags: ['disable', 'domain', 'groups', 'json', 'password-stdin', 'policies', 'projects'],
        argumentsMax: 2,
        takesSettings: true,
        load: () => import('./identity.ts'),
      },
    ),
    policy: command(
      'policy explain --user NAME --action A [flags] [--json]\n       csms-server policy suggest FILE [--user NAME] [--version 5.0|1.1]',
      'Says who may do what and why, and makes a policy of what was done',
      `explain takes --domain N, --project N (the first by default), --resource NAME or URN (a secret; for kms the id of a key),
--key KEY_ID for the key that the action also takes, and --context '{"g:ResourceTag/team": "a"}' for what conditions see.
Needs no server. Exit code 0 when the action and all that it takes is allowed, else 1. Grants do not count.
suggest reads what dev has written to CSMS_POLICY_LEARN and prints the least policy for it; FILE may be - for stdin.
${IDENTITIES_NOTE}`,
      {
        flags: ['action', 'context', 'domain', 'json', 'key', 'project', 'resource', 'user', 'version'],
        argumentsMax: 2,
        takesSettings: true,
        load: () => import('./policy.ts'),
      },
    ),
    verify: command(
      'verify [--older DIRECTORY] [--accept] [--json]',
      'Checks everything that is stored',
      'Every value opens, every row MAC and constraint holds. Exit code 1 when something is damaged; names it.\n--older names the rows that somebody put back or removed: DIRECTORY has a copy of csms.db from before.\n--accept takes such rows as they are from now on, and changes nothing else.\nThe server has to be stopped.\n',
      { flags: ['accept', 'json', 'older'], takesSettings: true, load: () => import('./verify.ts') },
    ),
    clock: command(
      'clock show|freeze|resume|set TIME|advance D|advance TIME [--world W] [--json]\n       csms-server clock accept [flags]',
      'Shows and moves the clock of a world of dev; accepts that of the machine',
      `Prints the time; before it, set and advance a line for what became due: at, type, name, version. D is a duration such as 250ms, 30s, 5m, 12h or 30d. Exit code 1 when something is left to do: advance again.\n${CONTROL_NOTE}\naccept ends the day for which a start under a clock that has moved on by more than a day deletes and expires nothing. The server has to be stopped.\n`,
      {
        flags: ['json', 'world'],
        argumentsMax: 2,
        takesSettings: true,
        load: () => import('./clock.ts'),
      },
    ),
    world: command(
      'world fork [NAME] [--from W] [--ttl D]|list|show W|reset W|delete W [--json]',
      'Makes and deletes worlds of dev: copies with keys of their own, for tests',
      `fork and show print the variables of clients, list a line for each world. fork copies CSMS_WORLD unless --from names another one.\n${CONTROL_NOTE}\n  csms-server world fork w1 > w1.env\n`,
      { flags: ['from', 'json', 'ttl'], argumentsMax: 2, load: () => import('./world.ts') },
    ),
    seed: command(
      'seed check FILE|apply FILE|export [--world W] [--json]',
      'Checks a seed, applies it to a world of dev, or prints the world as one',
      `check needs no server. Exit code 78 for a wrong seed, with the line. FILE may be - for stdin.\n${CONTROL_NOTE}`,
      { flags: ['json', 'world'], argumentsMax: 2, load: () => import('./seed.ts') },
    ),
    diff: command(
      'diff CALLS.yaml URL_A URL_B [--env-a FILE] [--env-b FILE] [--json]',
      'Sends the same requests to two servers and prints what differs',
      `A line for each difference: call, place, what A and what B answers. Exit code 0 without any, 1 with some.\nCredentials as for call; --env-a and --env-b name files of variables, such as world fork prints, for one side.\n\n  calls:\n    - { method: POST, path: '/v1/{project_id}/secrets', body: '{"name": "one", "secret_string": "x"}' }\n    - { method: GET, path: '/v1/{project_id}/secrets/one' }\n  ignore: [id, kms_key_id, create_time, update_time]  # may differ, wherever they are\n`,
      { flags: ['env-a', 'env-b', 'json'], argumentsMax: 3, load: () => import('./diff.ts') },
    ),
    openapi: command('openapi', 'Prints the OpenAPI document', '', {
      load: () => import('./openapi.ts'),
    }),
  }),
);

/** What `--help` prints. */
export const HELP = `Usage: csms-server COMMAND [flags]

${[...COMMANDS].map(([name, { summary }]) => `  ${name.padEnd(13)} ${summary}`).join('\n')}

csms-server COMMAND --help says more; csms-server --version prints the version.
`;
