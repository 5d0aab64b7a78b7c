import { ServerResponse } from 'node:http';

/**
 * An answer whose head is written in one go. The request id gets back the spelling that one client looks for: Fastify
 * lowers all names, and a header set beside Fastify would put every answer on Node's slow way of merging the two.
 */
export class Answer extends ServerResponse {
  override writeHead(status: number, ...rest: readonly unknown[]): this {
    const headers = rest.at(-1);
    if (typeof headers !== 'object' || headers === null) return super.writeHead(status);
    const list: string[] = [];
    for (const [name, value] of Object.entries(headers as Record<string, string>)) {
      list.push(name === 'x-request-id' ? 'X-Request-Id' : name, value);
    }
    return super.writeHead(status, list);
  }
}
