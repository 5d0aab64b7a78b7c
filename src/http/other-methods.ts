import type { HTTPMethods } from 'fastify';
import { SecretError } from '../core/errors.ts';
import type { App } from './server.ts';

const METHODS: readonly HTTPMethods[] = ['DELETE', 'GET', 'HEAD', 'OPTIONS', 'PATCH', 'POST', 'PUT'];

/**
 * Watches which paths get routes from now on; `register` then answers 405 for every other method on them, with the
 * methods that exist in `Allow`. Unknown paths stay with the 404 handler. A path whose last words are also a name that
 * somebody may choose, such as `secrets/restore`, leaves the methods alone that are about the thing of that name.
 */
export function refuseOtherMethods(app: App): { register(): void } {
  const methodsOf = new Map<string, Set<string>>();
  let registering = false;
  app.addHook('onRoute', ({ url, method }) => {
    if (registering) return;
    const methods = methodsOf.get(url) ?? new Set();
    for (const name of [method].flat()) methods.add(name);
    methodsOf.set(url, methods);
  });
  return {
    register() {
      registering = true;
      for (const [url, own] of methodsOf) {
        const shared = [...methodsOf].filter(([pattern]) => covers(pattern, url));
        const methods = new Set([...own, ...shared.flatMap(([, others]) => [...others])]);
        const allow = [...methods].sort().join(', ');
        app.route({
          url,
          method: METHODS.filter((method) => !methods.has(method)),
          schema: { hide: true },
          handler: (_request, reply) => {
            reply.header('Allow', allow);
            throw new SecretError('method-not-allowed');
          },
        });
      }
    },
  };
}

/** True when every path of `url` is also one of `pattern`, whose parameters stand for any word. */
function covers(pattern: string, url: string): boolean {
  const [wanted, words] = [pattern.split('/'), url.split('/')];
  return (
    wanted.length === words.length &&
    wanted.every((part, index) => part.startsWith(':') || part === words[index])
  );
}
