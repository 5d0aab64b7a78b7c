import { signRequest } from '../../src/auth/signatures/signer.ts';
import { type Account, createClient, createSecret } from '../e2e/client.ts';
import { requestText } from '../http/raw-socket.ts';

/** A hundred secrets of 64 KiB, which one answer can hold. */
export const LONG_NAMES: readonly string[] = Array.from({ length: 100 }, (_, n) => `long-${n}`);

/** Creates them. */
export async function createLongSecrets(account: Account): Promise<void> {
  const client = createClient(account);
  for (const name of LONG_NAMES) await createSecret(client, name, 'x'.repeat(65_536));
}

/**
 * A signed request for all of them. One answer may be small enough for the kernel, which leaves a kept connection idle;
 * several never are.
 */
export function longRead(account: Account, connection: 'close' | 'keep-alive'): string {
  const { accessKeyId, endpoint, projectId, secretKey } = account;
  const path = `/v1/${projectId}/secrets/batch-get-secret-value`;
  const body = JSON.stringify({ secret_name_list: LONG_NAMES });
  const headers = signRequest({
    method: 'POST',
    url: `${endpoint}${path}`,
    headers: { 'Content-Type': 'application/json' },
    body,
    accessKeyId,
    secretKey,
    projectId,
    nowMs: Date.now(),
  });
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
  lines.push(`Host: ${new URL(endpoint).host}`, `Connection: ${connection}`);
  return requestText(`POST ${path} HTTP/1.1`, [...lines, `Content-Length: ${body.length}`], body);
}
