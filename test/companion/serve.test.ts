import { expect, it } from 'vitest';
import { shareServer } from '../support/server.ts';
import { TOKEN } from './control.ts';

const server = shareServer({ mode: 'serve', listen: true });

it('serve responds to the control API as to any unknown path', async () => {
  const ask = async (method: string, path: string, headers: Record<string, string>) => {
    const response = await fetch(server.baseUrl + path, { method, headers });
    const body = (await response.json()) as object;
    return {
      status: response.status,
      names: [...response.headers.keys()],
      body: { ...body, request_id: '' },
    };
  };
  for (const [method, path] of [
    ['GET', ''],
    ['POST', ''],
    ['GET', '/main'],
    ['DELETE', '/main'],
    ['POST', '/main/reset'],
    ['PUT', '/main/seed'],
  ] as const) {
    for (const headers of [{ authorization: `Bearer ${TOKEN}` }, { origin: 'http://elsewhere.example' }]) {
      const [control, unknown] = await Promise.all(
        ['_csms', 'none'].map((part) => ask(method, `/${part}/worlds${path}`, headers)),
      );
      expect(control).toEqual(unknown);
      expect(control?.status).toBe('origin' in headers ? 403 : 404);
    }
  }
});
