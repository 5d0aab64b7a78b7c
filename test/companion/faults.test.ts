import { describe, expect, it } from 'vitest';
import type { WebhookOutcome } from '../../src/app/outbound/webhooks.ts';
import { createFaultyWebhooks } from '../../src/companion/faults/calls.ts';
import { readFault } from '../../src/companion/faults/draft.ts';
import {
  createFaults,
  FAULTS_MAX,
  type FaultSubject,
  type Faults,
} from '../../src/companion/faults/faults.ts';

type Members = Parameters<typeof readFault>[0];

const request = (operation: string, more: Partial<FaultSubject> = {}): FaultSubject => ({
  isCall: false,
  operation,
  method: 'POST',
  path: '/v1/p/secrets/db-1/versions',
  user: 'reader',
  name: () => 'db-1',
  ...more,
});

function faultsOf(...members: readonly Members[]): Faults {
  const faults = createFaults(() => 0);
  for (const one of members) faults.add(readFault(one));
  return faults;
}

const decisions = (faults: Faults, count: number, subject = request('ShowSecret')) =>
  Array.from({ length: count }, () => faults.decide(subject)?.id);

describe('a rule', () => {
  it.each<[Members, boolean]>([
    [{}, true],
    [{ operation: 'CreateSecretVersion' }, true],
    [{ operation: 'CreateSecret*' }, true],
    [{ operation: 'CreateSecret' }, false],
    [{ method: 'POST' }, true],
    [{ method: 'post' }, true],
    [{ method: 'GET' }, false],
    [{ path: '*/versions' }, true],
    [{ path: '/versions' }, false],
    [{ name: 'db-*' }, true],
    [{ name: 'db' }, false],
    [{ user: 'reader' }, true],
    [{ user: 'writer' }, false],
    [{ name: 'db-*', user: 'writer' }, false],
    [{ operation: 'Create*', method: 'POST', path: '*', name: '*1', user: 'read*' }, true],
  ])('with %j decides on a request when all that it has fits: %j', (members, expected) => {
    const decided = faultsOf({ ...members, status: 503 }).decide(request('CreateSecretVersion'));
    expect(decided !== undefined).toBe(expected);
  });

  it('for a name decides on no request without one', () => {
    const faults = faultsOf({ name: '*', status: 503 });
    expect(faults.decide(request('ListSecrets', { name: () => undefined }))).toBeUndefined();
  });

  it('reads no name unless it has one', () => {
    const name = () => {
      throw new Error('read');
    };
    expect(decisions(faultsOf({ status: 503 }), 1, request('ShowSecret', { name }))).toEqual(['f1']);
    const other = faultsOf({ operation: 'ListSecrets', name: 'x', status: 503 });
    expect(decisions(other, 1, request('ShowSecret', { name }))).toEqual([undefined]);
  });

  it('is spent after its times, and still listed', () => {
    const faults = faultsOf({ status: 503, times: 2 });
    expect(decisions(faults, 4)).toEqual(['f1', 'f1', undefined, undefined]);
    expect(faults.list()).toEqual([{ id: 'f1', hits: 2, status: 503, times: 2, when: 'before' }]);
  });

  it('is gone after its ttl', () => {
    let nowMs = 5_000;
    const faults = createFaults(() => nowMs);
    faults.add(readFault({ status: 503, ttl: '30s' }));
    nowMs += 29_999;
    expect(decisions(faults, 1)).toEqual(['f1']);
    nowMs += 1;
    expect(decisions(faults, 1)).toEqual([undefined]);
    expect(faults.list()).toEqual([]);
    expect(faults.remove('f1')).toBe(false);
  });

  it('of a chance makes the same decisions for the same seed', () => {
    const seeded = (seed: number | string) => faultsOf({ status: 503, probability: 0.5, seed });
    const first = decisions(seeded(7), 200);
    expect(decisions(seeded(7), 200)).toEqual(first);
    expect(decisions(seeded(8), 200)).not.toEqual(first);
    expect(decisions(seeded('seven'), 200)).toEqual(decisions(seeded('seven'), 200));
    const hits = first.filter((id) => id !== undefined).length;
    expect(hits).toBeGreaterThan(70);
    expect(hits).toBeLessThan(130);
  });

  it('decides by the requests that fit it, whatever else comes and whatever older rules take', () => {
    const alone = faultsOf({ operation: 'ShowSecret', status: 503, probability: 0.5, seed: 3 });
    const expected = decisions(alone, 50).map((id) => id !== undefined);
    const crowded = faultsOf(
      { operation: 'ShowSecret', status: 500, times: 10 },
      { operation: 'ShowSecret', status: 503, probability: 0.5, seed: 3 },
    );
    const decided = Array.from({ length: 50 }, () => {
      crowded.decide(request('ListSecrets'));
      return crowded.decide(request('ShowSecret'))?.id;
    });
    expect(decided.slice(0, 10)).toEqual(Array(10).fill('f1'));
    expect(decided.slice(10).map((id) => id === 'f2')).toEqual(expected.slice(10));
  });

  it('of probability 0 never decides, of 1 always', () => {
    expect(new Set(decisions(faultsOf({ status: 503, probability: 0 }), 100))).toEqual(new Set([undefined]));
    expect(new Set(decisions(faultsOf({ status: 503, probability: 1 }), 100))).toEqual(new Set(['f1']));
  });

  it('shows the seed that was chosen for it', () => {
    const faults = faultsOf({ status: 503, probability: 0.5 });
    const seed = faults.list()[0]!.seed as number;
    expect(decisions(faultsOf({ status: 503, probability: 0.5, seed }), 50)).toEqual(decisions(faults, 50));
  });
});

describe('rules', () => {
  it('decide by age; the spent and those that chance leaves out make way', () => {
    const faults = faultsOf(
      { operation: 'ShowSecret', status: 500, times: 1 },
      { status: 502, probability: 0 },
      { status: 503 },
    );
    expect(decisions(faults, 3)).toEqual(['f1', 'f3', 'f3']);
    expect(faults.list().map(({ hits }) => hits)).toEqual([1, 0, 2]);
  });

  it('are removed one by one or all together, and their ids never come back', () => {
    const faults = faultsOf({ status: 500 }, { status: 502 }, { status: 503 });
    expect([faults.remove('f1'), faults.remove('f1'), faults.remove('f9')]).toEqual([true, false, false]);
    expect(decisions(faults, 1)).toEqual(['f2']);
    faults.clear();
    expect(decisions(faults, 1)).toEqual([undefined]);
    expect(faults.add(readFault({ status: 500 }))?.id).toBe('f4');
  });

  it(`are at most ${FAULTS_MAX}, those included that are spent and not those that are gone`, () => {
    let nowMs = 0;
    const faults = createFaults(() => nowMs);
    faults.add(readFault({ status: 503, ttl: '1s' }));
    for (let count = 1; count < FAULTS_MAX; count += 1) {
      expect(faults.add(readFault({ status: 503 }))).toBeDefined();
    }
    expect(faults.add(readFault({ status: 503 }))).toBeUndefined();
    nowMs = 1_000;
    expect(faults.add(readFault({ status: 503 }))).toBeDefined();
    expect(faults.list()).toHaveLength(FAULTS_MAX);
  });
});

describe('the members of a fault', () => {
  it.each<[Members, string]>([
    [{}, 'status is required'],
    [{ operation: 'ShowSecret', reset: false }, 'status is required'],
    [{ operation: 'ShowSecrt', status: 503 }, 'operation fits no'],
    [{ operation: 'Rotate.*e*x', status: 503 }, 'operation fits no'],
    [{ status: 503, reset: true }, 'reset cannot'],
    [{ reset: true, code: 'CSMS.0001' }, 'code needs'],
    [{ latency: '1s', message: 'late' }, 'message needs'],
    [{ status: 503, seed: 1 }, 'seed needs'],
    [{ latency: '61s' }, 'latency must be a duration of at most 60s'],
    [{ latency: 'soon' }, 'latency must be'],
    [{ status: 503, ttl: '1 h' }, 'ttl must be'],
    [{ operation: 'Notify', status: 503, path: '/x' }, 'path is not for outbound calls'],
    [{ operation: 'Rotate.*', latency: '1s' }, 'latency is not for outbound calls'],
  ])('are refused by name: %j', (members, text) => {
    expect(() => readFault(members)).toThrow(text);
  });

  it.each([
    [401, 'APIGW.0301', 'Incorrect IAM authentication information:'],
    [403, 'APIGW.0302', 'The IAM user is not authorized to access the API.'],
    [429, 'APIGW.0308', 'The throttling threshold has been reached.'],
    [503, 'APIGW.0201', 'Backend unavailable.'],
    [400, 'CSMS.0001', 'An internal error occurred.'],
    [500, 'CSMS.0001', 'An internal error occurred.'],
    [599, 'CSMS.0001', 'An internal error occurred.'],
  ])('have a code and its sentence by default: %j', (status, code, message) => {
    expect(readFault({ status }).effect.outcome).toEqual({ kind: 'status', status, code, message });
  });

  it('have the sentence of a given code, and the given text before it', () => {
    const outcomeOf = (members: Members) => readFault(members).effect.outcome;
    expect(outcomeOf({ status: 404, code: 'CSMS.0106' })).toMatchObject({
      message: 'The secret name not found int the db.',
    });
    expect(outcomeOf({ status: 413, code: 'APIGW.0201' })).toMatchObject({
      message: 'Request entity too large.',
    });
    expect(outcomeOf({ status: 404, code: 'X.1', message: 'gone' })).toMatchObject({
      code: 'X.1',
      message: 'gone',
    });
  });
});

describe('calls to the outside', () => {
  const headers = { 'x-smn-message-type': 'Notification' };
  const told = JSON.stringify({ message: JSON.stringify({ data: { secretName: 'db-1' } }) });
  const stepOf = (step: string, secretName = 'db-1') => JSON.stringify({ step, secretName });
  const accepted: WebhookOutcome = { kind: 'answered', status: 200, body: Buffer.from('{}') };

  /** What comes of a notification and of the four steps, and how many were really called. */
  async function outcomes(...members: readonly Members[]) {
    const faults = faultsOf(...members);
    let called = 0;
    const real = {
      post: async () => {
        called += 1;
        return accepted;
      },
    };
    const webhooks = createFaultyWebhooks(real, faults);
    const shown = [];
    const bodies = [told, ...['create', 'set', 'test', 'finish'].map((step) => stepOf(step))];
    for (const body of bodies) {
      const outcome = await webhooks.post('http://x', body, body === told ? headers : {});
      shown.push(outcome.kind === 'answered' ? outcome.status : outcome.reason);
    }
    return { shown, called };
  }

  it.each<[Members, (number | string)[], number]>([
    [{ operation: 'Notify', status: 503 }, [503, 200, 200, 200, 200], 4],
    [{ operation: 'Rotate.set', status: 500 }, [200, 200, 500, 200, 200], 4],
    [{ operation: 'Rotate.*', status: 500, times: 2 }, [200, 500, 500, 200, 200], 3],
    [{ operation: 'Rotate.*', name: 'other', status: 500 }, [200, 200, 200, 200, 200], 5],
    [{ operation: 'Notify', name: 'db-*', reset: true }, ['unreachable', 200, 200, 200, 200], 4],
    [{ operation: 'Rotate.finish', reset: true, when: 'after' }, [200, 200, 200, 200, 'unreachable'], 5],
    [{ operation: '*', status: 500 }, [500, 500, 500, 500, 500], 0],
    [{ operation: '*', latency: '1s', status: 500 }, [200, 200, 200, 200, 200], 5],
    [{ operation: '*', user: '*', status: 500 }, [200, 200, 200, 200, 200], 5],
    [{ status: 500 }, [200, 200, 200, 200, 200], 5],
    [{ name: '*', status: 500 }, [200, 200, 200, 200, 200], 5],
  ])('with %j: %j', async (members, shown, called) => {
    expect(await outcomes(members)).toEqual({ shown, called });
  });

  it('are not met by rules for requests, nor requests by rules for calls', () => {
    const faults = faultsOf({ operation: 'Notify', status: 503 });
    expect(faults.decide(request('ShowSecret'))).toBeUndefined();
  });
});
