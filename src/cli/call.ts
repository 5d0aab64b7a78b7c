import { fillProject, readClientSettings, readTarget, signNow } from './client.ts';
import type { CommandInput } from './command-input.ts';
import { EXIT } from './exit-codes.ts';
import { destinationAt, reach } from './reach.ts';
import { readRequestBody } from './request-body.ts';
import { printToStderr } from './standard-streams.ts';

const USAGE = "call METHOD PATH [-d BODY], such as: call GET '/v1/{project_id}/secrets'";

/** `csms-server call`: a signed request; the response's body goes to stdout, its status to stderr. */
export async function run({ positionals, flags, env }: CommandInput): Promise<number> {
  const { method, target } = readTarget(positionals, USAGE);
  const body = readRequestBody(flags);
  const settings = readClientSettings(env);
  const { url, signedUrl } = destinationAt(settings.endpoint, fillProject(target, settings));
  const headers = signNow(settings, { method, url: signedUrl, body });
  const response = await reach(url, { method, headers, body });
  printToStderr(`${response.status} ${response.headers.get('x-request-id') ?? ''}\n`);
  if (response.text !== '') process.stdout.write(`${response.text}\n`);
  return response.status >= 400 ? EXIT.checkFailed : EXIT.ok;
}
