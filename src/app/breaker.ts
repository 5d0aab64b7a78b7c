import type { Webhooks } from './webhooks.ts';

/** Endpoints that are remembered as silent; the one that has been so for longest is forgotten first. */
const SILENT_MAX = 10_000;

/**
 * Keeps calls away from endpoints that do not answer: one whose latest call waited to its end in vain gets one call at a
 * time until it answers, and every other call to it fails at once as `silent`. Each call that waits in vain holds a place
 * for as long as a call may last, and places are what others wait for.
 */
export function withBreaker(webhooks: Webhooks): Webhooks {
  const silent = new Set<string>();
  const probed = new Set<string>();

  function note(url: string, isSilent: boolean): void {
    silent.delete(url);
    if (isSilent) silent.add(url);
    const [oldest] = silent;
    if (silent.size > SILENT_MAX && oldest !== undefined) silent.delete(oldest);
  }

  return {
    async post(url, ...rest) {
      const isProbe = silent.has(url);
      if (isProbe && probed.has(url)) return { kind: 'failed', reason: 'silent' };
      if (isProbe) probed.add(url);
      const outcome = await webhooks.post(url, ...rest).finally(() => {
        if (isProbe) probed.delete(url);
      });
      note(url, outcome.kind === 'failed' && outcome.reason === 'timed-out');
      return outcome;
    },
  };
}
