import { beforeEach, describe, expect, it } from 'vitest';
import type { WebhookOutcome } from '../../../src/app/outbound/webhooks.ts';
import {
  createKeySets,
  KEYS_AGE_MAX_MS,
  KEYS_FRESH_MS,
  KEYS_PAUSE_MS,
  type KeySets,
} from '../../../src/auth/federation/key-sets.ts';
import { createIssuer } from '../../support/issuer.ts';

const { keySet } = await createIssuer();
const SOURCE = { kind: 'uri', uri: 'https://issuer.example/jwks', authorities: undefined } as const;
const answered = (body: string, status = 200): WebhookOutcome => ({
  kind: 'answered',
  status,
  body: Buffer.from(body),
});
const GOOD = answered(JSON.stringify(keySet));
const DOWN: WebhookOutcome = { kind: 'failed', reason: 'timed-out' };

let nowMs = 0;
let calls: string[] = [];
let warnings: unknown[] = [];
let answer: WebhookOutcome | Promise<WebhookOutcome> = GOOD;
let sets: KeySets;
beforeEach(() => {
  nowMs = 1_000;
  calls = [];
  warnings = [];
  answer = GOOD;
  sets = createKeySets({
    reader: {
      get: async (url) => {
        calls.push(url);
        return answer;
      },
    },
    monotonicMs: () => nowMs,
    log: { info: () => undefined, error: () => undefined, warn: (fields) => void warnings.push(fields) },
  });
});

describe('the keys of an issuer', () => {
  it('are fetched once for all who wait, and again only when they are old', async () => {
    const all = await Promise.all(Array.from({ length: 50 }, () => sets.present(SOURCE)));
    expect(all.map((keys) => keys?.length)).toEqual(all.map(() => 2));
    nowMs += KEYS_FRESH_MS - 1;
    await sets.present(SOURCE);
    expect(calls).toHaveLength(1);
    nowMs += 1;
    await sets.present(SOURCE);
    expect(calls).toEqual([SOURCE.uri, SOURCE.uri]);
  });

  it('are not asked for again by tokens with unknown keys, but once in a while', async () => {
    await sets.present(SOURCE);
    for (let token = 0; token < 1_000; token += 1) expect(await sets.later(SOURCE)).toBeUndefined();
    expect(calls).toHaveLength(1);
    nowMs += KEYS_PAUSE_MS;
    const later = await Promise.all(Array.from({ length: 100 }, () => sets.later(SOURCE)));
    expect(later.filter((keys) => keys !== undefined)).toHaveLength(100);
    expect(calls).toHaveLength(2);
    expect(await sets.later(SOURCE)).toBeUndefined();
  });

  it('stay for a bounded time while the issuer is down, and it is called at a bounded rate', async () => {
    await sets.present(SOURCE);
    answer = DOWN;
    for (nowMs += KEYS_FRESH_MS; nowMs < 1_000 + KEYS_FRESH_MS + 10 * KEYS_PAUSE_MS; nowMs += 1_000) {
      expect(await sets.present(SOURCE)).toHaveLength(2);
    }
    expect(calls).toHaveLength(11);
    expect(warnings[0]).toEqual({ uri: SOURCE.uri, reason: 'timed-out' });
    nowMs = 1_000 + KEYS_AGE_MAX_MS - 1;
    expect(await sets.present(SOURCE)).toHaveLength(2);
    nowMs += 1;
    expect(await sets.present(SOURCE)).toBeUndefined();
    answer = GOOD;
    nowMs += KEYS_PAUSE_MS;
    expect(await sets.present(SOURCE)).toHaveLength(2);
  });

  it.each([
    ['an error', answered('{"keys":[]}', 500)],
    ['a redirect', answered('', 302)],
    ['no key set', answered('<html>')],
    ['another kind of JSON', answered('{"keys":{}}')],
    ['too many keys', answered(JSON.stringify({ keys: Array.from({ length: 101 }, () => ({})) }))],
    ['too much', { kind: 'failed', reason: 'answer-too-large' } as const],
  ])('are not taken from an answer that is %s', async (_, given) => {
    answer = given;
    expect(await sets.present(SOURCE)).toBeUndefined();
    // Nor do those who come next wait for another call.
    expect(await sets.present(SOURCE)).toBeUndefined();
    expect(calls).toHaveLength(1);
  });

  it('end with the set that no longer has them', async () => {
    expect(await sets.present(SOURCE)).toHaveLength(2);
    answer = answered(JSON.stringify({ keys: keySet.keys.slice(1) }));
    nowMs += KEYS_FRESH_MS;
    expect((await sets.present(SOURCE))?.map(({ kid }) => kid)).toEqual(['ec-1']);
  });

  it('are kept apart for two authorities, and those of a file are what was read', async () => {
    await sets.present(SOURCE);
    await sets.present({ ...SOURCE, authorities: 'PEM' });
    expect(calls).toHaveLength(2);
    const file = { kind: 'file', keys: [{ kid: 'x' }] } as const;
    expect(await sets.present(file)).toBe(file.keys);
    expect(await sets.later(file)).toBeUndefined();
  });

  it('keep nobody waiting who has fresh ones while somebody asks for later ones', async () => {
    await sets.present(SOURCE);
    nowMs += KEYS_PAUSE_MS;
    const { promise, resolve } = Promise.withResolvers<WebhookOutcome>();
    answer = promise;
    const waiting = sets.later(SOURCE);
    expect(await sets.present(SOURCE)).toHaveLength(2);
    resolve(GOOD);
    expect(await waiting).toHaveLength(2);
  });
});
