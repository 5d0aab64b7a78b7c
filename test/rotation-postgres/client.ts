import { signRequest } from '../../src/auth/signatures/signer.ts';
import type { Credentials } from './processes.ts';

/** Sends a signed request; a body is sent as JSON. */
export type Client = (
  method: string,
  path: string,
  body?: object,
  // biome-ignore lint/suspicious/noExplicitAny: an answer is checked by the test that knows its shape.
) => Promise<{ readonly status: number; readonly body: any }>;

/** A client with what credentials.env sets. */
export function createSigned(credentials: Credentials): Client {
  const { CSMS_ENDPOINT = '', HUAWEICLOUD_SDK_AK = '', HUAWEICLOUD_SDK_SK = '' } = credentials;
  return async (method, path, given) => {
    const url = `${CSMS_ENDPOINT}${path}`;
    const body = given && JSON.stringify(given);
    const headers = signRequest({
      method,
      url,
      headers: { 'Content-Type': 'application/json' },
      accessKeyId: HUAWEICLOUD_SDK_AK,
      secretKey: HUAWEICLOUD_SDK_SK,
      nowMs: Date.now(),
      ...(body !== undefined && { body }),
    });
    const response = await fetch(url, { method, headers, ...(body !== undefined && { body }) });
    const text = await response.text();
    return { status: response.status, body: text === '' ? undefined : JSON.parse(text) };
  };
}
