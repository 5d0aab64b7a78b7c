import { decide, isOpenFor, settle } from '../../src/core/policy/decide.ts';
import { firstDecision, isAllowed, isOpen } from './oracle.ts';
import type { Asked, Existing, Sent, WrittenDocument, WrittenPolicy, WrittenStatement } from './situation.ts';
import { subjectFound, subjectPolicies, subjectQuestion } from './subject.ts';

/** One document, some, or its statements; what is asked, by default for the secret `app-a`; and the resource. */
export interface Example {
  readonly statements: readonly WrittenStatement[] | readonly WrittenPolicy[];
  readonly version?: WrittenDocument['Version'];
  readonly asked?: Partial<Asked>;
  readonly sent?: Sent;
  /** Undefined: it is not there. */
  readonly resource?: Partial<Existing>;
}

export const ALLOW: WrittenStatement = { Effect: 'Allow', Action: '*' };

const ASKED: Asked = {
  action: 'csms:secret:get',
  caller: { userId: 'u-ann', userName: 'ann', domainId: 'd0', domainName: 'acme' },
  project: { id: 'p1', name: 'north' },
  region: 'local-1',
  address: '10.1.2.3',
  userAgent: 'sdk/1.0',
  isSecure: true,
  tokenIssuedAt: undefined,
  now: Date.parse('2026-01-31T12:00:00Z'),
  path: 'app-a',
  sent: {},
  isGranted: false,
};

const EXISTING: Existing = {
  path: 'app-a',
  enterpriseProjectId: '0',
  tags: [],
  secretType: 'COMMON',
  aliases: [],
  latest: 3,
};

function readExample({ statements, version = '5.0', asked: more, sent = {}, resource: found }: Example) {
  const asked = { ...ASKED, sent, ...more };
  const resource = found && { ...EXISTING, path: asked.path ?? EXISTING.path, ...found };
  const policies = isPolicies(statements)
    ? statements
    : [policyOf({ Version: version, Statement: statements })];
  return { asked, resource, policies };
}

/** Whether a list or batch is open as a whole. Throws Error when the evaluators disagree. */
export function isWholeOpen(example: Example): boolean {
  const { asked, policies } = readExample(example);
  const whole = { ...asked, path: undefined };
  const mine = isOpen(policies, whole);
  if (isOpenFor(subjectPolicies(policies), subjectQuestion(whole)) !== mine)
    throw new Error(`${mine ? 'open' : 'closed'} by the tables, but not by the server`);
  return mine;
}

/**
 * `allowed`, `denied` or `denied explicitly`, by both evaluators; with `, once known` behind it where the resource
 * decided. Throws Error when they disagree.
 */
export function outcomeOf(example: Example): string {
  const { asked, policies, resource } = readExample(example);
  const first = firstDecision(policies, asked);
  const last = isAllowed(policies, { asked, resource }) ? 'allowed' : 'denied';
  const mine = first === 'open' ? `${last}, once known` : first;

  const decision = decide(subjectPolicies(policies), subjectQuestion(asked));
  const settled = () => decision.kind === 'open' && settle(decision.rest, subjectFound(asked, resource));
  const isExplicit = decision.kind === 'denied' && decision.isExplicit;
  const other =
    decision.kind === 'open'
      ? `${settled() ? 'allowed' : 'denied'}, once known`
      : isExplicit
        ? 'denied explicitly'
        : decision.kind;
  if (mine !== other) throw new Error(`${mine} by the tables, ${other} by the server`);
  return mine;
}

const isPolicies = (all: Example['statements']): all is readonly WrittenPolicy[] =>
  all.every((one) => 'document' in one);

export const policyOf = (document: WrittenDocument, scope: Partial<WrittenPolicy> = {}): WrittenPolicy => ({
  name: 'p',
  via: 'user',
  document,
  ...scope,
});
