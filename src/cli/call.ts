import { StartError } from '../app/start-error.ts';
import { signRequest } from '../auth/signer.ts';
import { bodyHeaders, fillProject, readClientSettings, readTarget } from './client.ts';
import type { CommandInput } from './commands.ts';
import { EXIT } from './exit-codes.ts';

const TIMEOUT_MS = 30_000;

/** `csms-server call`: a signed request; the answer's body goes to stdout, its status to stderr. */
export async function run({ positionals, flags, env }: CommandInput): Promise<number> {
  const { method, target } = readTarget(positionals, 'path');
  const settings = readClientSettings(env);
  if (settings.endpoint === undefined) throw new StartError('configuration', 'CSMS_ENDPOINT is not set');
  const url = new URL(fillProject(target, settings), `${settings.endpoint.replace(/\/+$/, '')}/`);
  const body = flags.get('d');
  const { accessKeyId, secretKey, projectId } = settings;
  const headers = signRequest({
    method,
    url,
    headers: bodyHeaders(body),
    accessKeyId,
    secretKey,
    nowMs: Date.now(),
    ...(body !== undefined && { body }),
    ...(projectId !== undefined && { projectId }),
  });
  const signal = AbortSignal.timeout(TIMEOUT_MS);
  const response = await fetch(url, {
    method,
    headers,
    redirect: 'error',
    signal,
    ...(body !== undefined && { body }),
  });
  const text = await response.text();
  process.stderr.write(`${response.status} ${response.headers.get('x-request-id') ?? ''}\n`);
  if (text !== '') process.stdout.write(`${text}\n`);
  return response.status >= 400 ? EXIT.checkFailed : EXIT.ok;
}
