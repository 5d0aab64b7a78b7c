import { signRequest } from '../../src/auth/signatures/signer.ts';
import { readCredentials } from './process.ts';

/** An answer with its body parsed. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  // biome-ignore lint/suspicious/noExplicitAny: an answer is checked by the test that knows its shape.
  readonly body: any;
}

/** Whose key signs, and where it goes. */
export interface Account {
  readonly endpoint: string;
  readonly accessKeyId: string;
  readonly secretKey: string;
  readonly projectId: string;
}

/** Sends signed requests; `{project_id}` in a path is filled in. */
export type Client = (method: string, path: string, body?: unknown) => Promise<Answer>;

/** The account that `dev` has written down. */
export function devAccount(directory: string, endpoint: string): Account {
  const env = readCredentials(directory);
  return {
    endpoint,
    accessKeyId: env.HUAWEICLOUD_SDK_AK ?? '',
    secretKey: env.HUAWEICLOUD_SDK_SK ?? '',
    projectId: env.HUAWEICLOUD_SDK_PROJECT_ID ?? '',
  };
}

/** A client for an account. */
export function createClient(account: Account): Client {
  const { endpoint, accessKeyId, secretKey, projectId } = account;
  return async (method, path, given) => {
    const url = `${endpoint}${path.replaceAll('{project_id}', projectId)}`;
    const body = given === undefined ? undefined : JSON.stringify(given);
    const headers = signRequest({
      method,
      url,
      headers: { 'Content-Type': 'application/json' },
      accessKeyId,
      secretKey,
      projectId,
      nowMs: Date.now(),
      ...(body !== undefined && { body }),
    });
    const response = await fetch(url, { method, headers, ...(body !== undefined && { body }) });
    const text = await response.text();
    const { status, headers: answered } = response;
    return { status, headers: answered, body: text === '' ? undefined : JSON.parse(text) };
  };
}

/** Where secrets are. */
export const SECRETS = '/v1/{project_id}/secrets';

/** Creates a secret; throws unless it was made. */
export async function createSecret(client: Client, name: string, value = `value of ${name}`): Promise<void> {
  const { status, body } = await client('POST', SECRETS, { name, secret_string: value });
  if (status !== 200) throw new Error(JSON.stringify(body));
}

/** The current value of a secret; undefined when it cannot be read. */
export async function readValue(client: Client, name: string): Promise<string | undefined> {
  const { body } = await client('GET', `${SECRETS}/${name}/versions/latest`);
  return body?.version?.secret_string;
}
