import { StartError } from '../app/start-error.ts';
import { readLoginSettings } from './client.ts';
import type { CommandInput } from './command-input.ts';
import { EXIT } from './exit-codes.ts';
import { destinationAt, reach } from './reach.ts';
import { printToStderr } from './standard-streams.ts';

/**
 * `csms-server token`: logs in with user and password and prints the X-Auth-Token, alone on stdout, for a shell to
 * capture. On a refusal stdout stays empty, stderr says why and the exit code is 1.
 */
export async function run({ flags, env }: CommandInput): Promise<number> {
  const { endpoint, user, domain, password, projectId } = readLoginSettings(env);
  const body = {
    auth: {
      identity: {
        methods: ['password'],
        password: { user: { name: user, password, domain: { name: domain } } },
      },
      ...(projectId !== undefined && { scope: { project: { id: projectId } } }),
    },
  };
  const { url } = destinationAt(endpoint, '/v3/auth/tokens');
  const response = await reach(url, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(body),
  });
  const token = response.headers.get('x-subject-token');
  if (response.status >= 400) {
    printToStderr(`${response.status} ${response.text}\n`);
    return EXIT.checkFailed;
  }
  if (token === null) throw new StartError('configuration', 'CSMS_ENDPOINT gives no tokens');
  process.stdout.write(flags.has('json') ? `${JSON.stringify({ token })}\n` : `${token}\n`);
  return EXIT.ok;
}
