import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decide, explain, isOpenFor, settle } from '../../src/core/policy/decide.ts';
import { cases, policies, wholes } from './generators.ts';
import { explained, firstDecision, isAllowed, isOpen } from './oracle.ts';
import { parameters, SEED, TIMEOUT_MS } from './runs.ts';
import { subjectFound, subjectPolicies, subjectQuestion, subjectWholeQuestion } from './subject.ts';

/** Counts how often something came up, so that a generator that has gone blind is noticed. */
function createTally() {
  const counts = new Map<string, number>();
  let total = 0;
  return {
    count(...names: readonly string[]) {
      total += 1;
      for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
    },
    /** Each came up in at least this share of the cases. */
    require(least: Readonly<Record<string, number>>) {
      const shares = Object.fromEntries(
        Object.keys(least).map((name) => [name, (counts.get(name) ?? 0) / total]),
      );
      const rare = Object.entries(least).filter(([name, share]) => (shares[name] ?? 0) < share);
      expect(rare, JSON.stringify({ shares, seed: SEED })).toEqual([]);
      if (process.env.POLICY_CASES !== undefined)
        process.stdout.write(`${JSON.stringify({ total, shares })}\n`);
    },
  };
}

describe(`two evaluators of policies agree, with seed ${SEED}`, { timeout: TIMEOUT_MS }, () => {
  it('on what is allowed, before and after the resource is known', () => {
    const tally = createTally();
    fc.assert(
      fc.property(policies, cases, (written, { asked, resource }) => {
        const first = firstDecision(written, asked);
        const last = isAllowed(written, { asked, resource });
        const [subject, question] = [subjectPolicies(written), subjectQuestion(asked)];
        const decision = decide(subject, question);
        const { isAlwaysAllowed } = subject.about(question.action);
        if (isAlwaysAllowed) expect(first).toBe('allowed');
        const isSettled =
          decision.kind === 'open'
            ? settle(structuredClone(decision.rest), subjectFound(asked, resource))
            : decision.kind === 'allowed';
        const kind = decision.kind === 'denied' && decision.isExplicit ? 'denied explicitly' : decision.kind;
        expect({ kind, isSettled }).toEqual({ kind: first, isSettled: last });
        const there = resource === undefined ? 'not there' : 'there';
        const always = isAlwaysAllowed ? ['always allowed'] : [];
        tally.count(
          ...always,
          first,
          `${last ? 'allowed' : 'denied'}, ${there}`,
          `${first}, then ${last}, ${there}`,
        );
      }),
      parameters(0.7),
    );
    tally.require({
      'always allowed': 0.01,
      allowed: 0.05,
      denied: 0.05,
      'denied explicitly': 0.05,
      'open, then true, there': 0.01,
      'open, then false, there': 0.01,
      'open, then false, not there': 0.01,
      'allowed, there': 0.05,
      'allowed, not there': 0.02,
    });
  });

  it('on what each statement comes to, and which decides', () => {
    const tally = createTally();
    fc.assert(
      fc.property(policies, cases, (written, { asked, resource }) => {
        const question =
          resource === undefined ? subjectQuestion(asked) : subjectWholeQuestion(asked, resource);
        const { considered, decisive } = explain(subjectPolicies(written), question);
        const named = ({ entry: { policy, via, statement } }: (typeof considered)[number]) => ({
          policy,
          via,
          index: statement.index,
          effect: statement.effect,
        });
        const wanted = explained(written, { asked, resource });
        const found = {
          considered: considered.map((one) => ({ ...named(one), failed: one.failed })),
          decisive: considered.flatMap((one) =>
            one.entry === decisive ? [{ ...named(one), failed: one.failed }] : [],
          )[0],
        };
        expect(found).toEqual(wanted);
        expect(considered.every((one) => one.isMatch === (one.failed === undefined))).toBe(true);
        tally.count(
          wanted.decisive?.effect ?? 'no Allow',
          ...wanted.considered.map(({ failed }) => `failed: ${failed}`),
        );
      }),
      parameters(0.2),
    );
    tally.require({
      Allow: 0.05,
      Deny: 0.05,
      'no Allow': 0.05,
      'failed: scope': 0.02,
      'failed: action': 0.05,
      'failed: resource': 0.05,
      'failed: condition': 0.05,
      'failed: undefined': 0.05,
    });
  });

  it('on lists and batches as a whole', () => {
    const tally = createTally();
    fc.assert(
      fc.property(policies, wholes, (written, asked) => {
        const wanted = isOpen(written, asked);
        expect(isOpenFor(subjectPolicies(written), subjectQuestion(asked))).toBe(wanted);
        tally.count(wanted ? 'open' : 'closed');
      }),
      parameters(0.1),
    );
    tally.require({ open: 0.1, closed: 0.1 });
  });

  it('on the names, resources and keys of every action', async () => {
    const { ACTIONS } = await import('../../src/core/policy/actions.ts');
    const { TABLE_ACTIONS } = await import('./tables.ts');
    const plain = [...ACTIONS.values()].map(({ id, service, level, resource, keys, aliases }) => ({
      id,
      service,
      level: level[0],
      resource,
      keys: [...keys].sort().join(''),
      aliases,
    }));
    const wanted = [...TABLE_ACTIONS.values()].map((action) => ({
      ...action,
      keys: [...action.keys].sort().join(''),
    }));
    expect(isDeepStrictEqual(new Set(plain), new Set(wanted))).toBe(true);
  });
});
