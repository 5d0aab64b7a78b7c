import { createBoundedMap } from '../../std/bounded-map.ts';
import type { Webhooks } from './webhooks.ts';

/** Most endpoints that are remembered as silent. */
const SILENT_MAX = 10_000;

/**
 * Keeps calls away from endpoints that do not answer: one whose latest call timed out gets one call at a time until it
 * answers, and every other call to it fails at once as `silent`. Each call that times out takes one of few places for as
 * long as a call may last, and others wait for a place.
 */
export function withBreaker(webhooks: Webhooks): Webhooks {
  const silent = createBoundedMap<string, true>(SILENT_MAX);
  const probed = new Set<string>();

  return {
    async post(url, ...rest) {
      const isProbe = silent.get(url) === true;
      if (isProbe && probed.has(url)) return { kind: 'failed', reason: 'silent' };
      if (isProbe) probed.add(url);
      const outcome = await webhooks.post(url, ...rest).finally(() => {
        if (isProbe) probed.delete(url);
      });
      if (outcome.kind === 'failed' && outcome.reason === 'timed-out') silent.set(url, true);
      else silent.delete(url);
      return outcome;
    },
  };
}
