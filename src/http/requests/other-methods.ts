import type { HTTPMethods } from 'fastify';
import { SecretError } from '../../core/errors.ts';
import type { App } from '../app.ts';
import { endsWithSlash, routeNotFound } from './not-found.ts';

const METHODS: readonly HTTPMethods[] = ['DELETE', 'GET', 'HEAD', 'OPTIONS', 'PATCH', 'POST', 'PUT'];

/**
 * Watches which paths get routes from now on; `register` then makes every other method on them respond 405, with the
 * existing methods in `Allow`. Unknown paths are left to the 404 handler. A path such as `/secrets/restore` is also a
 * secret's: methods that only the route with the parameter has are left to that route.
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
      const reachable = [...methodsOf.keys()].map((url) => [url, methodsReaching(methodsOf, url)] as const);
      for (const [url, methods] of reachable) {
        const allow = [...methods].sort().join(', ');
        app.route({
          url,
          method: METHODS.filter((method) => !methods.has(method)),
          schema: { hide: true },
          handler: (request, reply) => {
            if (endsWithSlash(request.url.split('?', 1)[0] ?? '')) throw routeNotFound(request);
            reply.header('Allow', allow);
            throw new SecretError('method-not-allowed');
          },
        });
      }
    },
  };
}

/** The methods of the path itself and of every path with parameters in its place. */
function methodsReaching(
  methodsOf: ReadonlyMap<string, ReadonlySet<string>>,
  url: string,
): ReadonlySet<string> {
  const segments = url.split('/');
  const covering = [...methodsOf].filter(([other]) => {
    const others = other.split('/');
    const covers = (segment: string, at: number) => segment === segments[at] || segment.startsWith(':');
    return others.length === segments.length && others.every(covers);
  });
  return new Set(covering.flatMap(([, methods]) => [...methods]));
}
