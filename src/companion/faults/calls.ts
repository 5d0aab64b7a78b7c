import type { WebhookOutcome, Webhooks } from '../../app/outbound/webhooks.ts';
import type { FaultOutcome, FaultSubject, Faults } from './faults.ts';

/** The names of calls to the outside: a notification, and the steps of a rotation. */
export const OUTBOUND_OPERATIONS = Object.freeze([
  'Notify',
  'Rotate.create',
  'Rotate.set',
  'Rotate.test',
  'Rotate.finish',
] as const);

const NOTIFICATION_HEADER = 'x-smn-message-type';

/**
 * Spoils calls to the outside as the rules say, as if the other side had answered so. With `after` it is called, and what it
 * answers is not used.
 */
export function createFaultyWebhooks(webhooks: Webhooks, faults: Faults): Webhooks {
  return {
    async post(url, body, headers, bounds) {
      const outcome = faults.decide(subjectOf(body, headers));
      if (outcome?.outcome === undefined) return webhooks.post(url, body, headers, bounds);
      if (outcome.when === 'after') await webhooks.post(url, body, headers, bounds);
      return answerOf(outcome.outcome);
    },
  };
}

function answerOf(outcome: FaultOutcome): WebhookOutcome {
  return outcome.kind === 'reset'
    ? { kind: 'failed', reason: 'unreachable' }
    : { kind: 'answered', status: outcome.status, body: new Uint8Array() };
}

/** Both bodies are the server's own. @see docs/behaviour/notifications.md, docs/behaviour/rotation-function.md */
function subjectOf(text: string, headers: Readonly<Record<string, string>>): FaultSubject {
  const body = JSON.parse(text) as {
    readonly message: string;
    readonly step: string;
    readonly secretName: string;
  };
  if (headers[NOTIFICATION_HEADER] === undefined) {
    return { isCall: true, operation: `Rotate.${body.step}`, name: () => body.secretName };
  }
  const { data } = JSON.parse(body.message) as { readonly data: { readonly secretName: string } };
  return { isCall: true, operation: 'Notify', name: () => data.secretName };
}
