import type { App } from '../../src/http/app.ts';
import { checkAnswer, operationOf } from './answers.ts';
import type { Answer, TestRequest } from './exchange.ts';
import { recordOperation } from './recorder.ts';

/** Gives the request to the application as if it had arrived, checks the answer, and notes the operation. */
export async function inject(
  app: App,
  baseUrl: string,
  request: TestRequest,
  headers: Record<string, string>,
): Promise<Answer> {
  const response = await app.inject({
    method: request.method as 'GET',
    url: request.path,
    authority: new URL(baseUrl).host,
    headers,
    ...(request.body !== undefined && { payload: payloadOf(request.body) }),
  });
  const answer: Answer = {
    status: response.statusCode,
    headers: response.headers as Record<string, string>,
    text: response.payload,
    bytes: response.rawPayload,
    json: response.payload === '' ? undefined : JSON.parse(response.payload),
  };
  await checkAnswer(request, answer);
  const operation = await operationOf(request);
  if (operation !== undefined) recordOperation(operation.operationId);
  return answer;
}

/** The body as it is sent: text and bytes as they are, everything else as JSON. */
export function payloadOf(body: unknown): string | Buffer {
  return typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body);
}

/** The request's own headers, and the type of its body. */
export function headersOf(request: TestRequest): Record<string, string> {
  return { ...(request.body !== undefined && { 'content-type': 'application/json' }), ...request.headers };
}
