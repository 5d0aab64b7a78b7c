import { fillProject, readClientSettings, readTarget, signNow } from './client.ts';
import type { CommandInput } from './command-input.ts';
import { EXIT } from './exit-codes.ts';
import { UsageError } from './flags.ts';
import { signedUrlOf } from './reach.ts';
import { readRequestBody } from './request-body.ts';

const USAGE = 'sign METHOD URL [-d BODY], such as: sign GET "$CSMS_ENDPOINT/v1/{project_id}/secrets"';

/** `csms-server sign`: the headers of a signed request, one a line, for `curl -H @-`. */
export async function run({ positionals, flags, env }: CommandInput): Promise<number> {
  const { method, target } = readTarget(positionals, USAGE);
  const settings = readClientSettings(env);
  const address = fillProject(target, settings);
  if (!URL.canParse(address))
    throw new UsageError('the URL must be absolute, such as http://127.0.0.1:4280/v1/...');
  const body = readRequestBody(flags);
  const headers = signNow(settings, { method, url: signedUrlOf(settings.endpoint, address), body });
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\n`);
  process.stdout.write(flags.has('json') ? `${JSON.stringify(headers)}\n` : lines.join(''));
  return EXIT.ok;
}
