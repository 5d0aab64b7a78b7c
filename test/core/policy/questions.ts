import { type ActionId, actionOf } from '../../../src/core/policy/actions.ts';
import { type Decision, decide, type Question } from '../../../src/core/policy/decide.ts';
import type { PolicyDocument, PolicyStatement } from '../../../src/core/policy/document.ts';
import { createFacts, type RequestContext, type RequestFacts } from '../../../src/core/policy/facts.ts';
import type { FoundResource } from '../../../src/core/policy/open-facts.ts';
import { type AttachedPolicy, createPolicies, type Policies } from '../../../src/core/policy/policies.ts';

/** 2026-01-31T12:00:00Z */
export const NOW_MS = Date.UTC(2026, 0, 31, 12);

const CONTEXT: RequestContext = {
  caller: { userId: 'u1', userName: 'ann', domainId: 'd1', domainName: 'acme' },
  projectName: 'north',
  region: 'local-1',
  address: '10.1.2.3',
  userAgent: 'sdk/1.0',
  isSecure: true,
  tokenIssuedAtMs: undefined,
  nowMs: NOW_MS,
};

type Part = 'Action' | 'NotAction' | 'Resource' | 'NotResource';

/** A statement in short: one text stands for a list. */
export type Short = Partial<Record<Part, string | readonly string[]>> & {
  readonly Effect?: 'Allow' | 'Deny';
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, string | readonly string[]>>>>;
};

const listOf = (value: string | readonly string[] | undefined) =>
  value === undefined ? undefined : typeof value === 'string' ? [value] : value;

function statementOf({ Condition, Effect = 'Allow', ...parts }: Short): PolicyStatement {
  const mapped = <T, U>(record: Readonly<Record<string, T>>, change: (value: T) => U) =>
    Object.fromEntries(Object.entries(record).map(([name, value]) => [name, change(value)]));
  return {
    Sid: undefined,
    Effect,
    Action: parts.NotAction === undefined ? (listOf(parts.Action) ?? ['*']) : undefined,
    NotAction: listOf(parts.NotAction),
    Resource: listOf(parts.Resource),
    NotResource: listOf(parts.NotResource),
    Condition:
      Condition === undefined
        ? undefined
        : mapped(Condition, (keys) => mapped(keys, (values) => listOf(values) ?? [])),
  };
}

/** The policies of a user with one document of these statements. */
export function policiesOf(
  statements: readonly Short[],
  {
    version = '5.0',
    ...scope
  }: Partial<AttachedPolicy> & { readonly version?: PolicyDocument['Version'] } = {},
): Policies {
  const document: PolicyDocument = { Version: version, Statement: statements.map(statementOf) };
  return createPolicies([{ name: 'p', via: 'user', document, ...scope }]);
}

/** What is asked. By default a secret by its name. */
export interface Ask extends RequestFacts {
  readonly action?: ActionId;
  readonly path?: string | undefined;
  readonly projectId?: string | undefined;
  readonly isGranted?: boolean;
  readonly context?: Partial<RequestContext>;
}

/** A question about the secret `db` of the project `p1`. */
export function questionOf(ask: Ask = {}): Question {
  const { action = 'csms:secret:get', context, isGranted, ...facts } = ask;
  return {
    action: actionOf(action),
    projectId: 'projectId' in ask ? ask.projectId : 'p1',
    path: 'path' in ask ? ask.path : 'db',
    isGranted,
    facts: createFacts({ ...CONTEXT, ...context }, facts),
  };
}

/** `allowed`, `denied`, `explicit` or `open`. */
export function outcome(decision: Decision): string {
  return decision.kind === 'denied' && decision.isExplicit ? 'explicit' : decision.kind;
}

/** Decides by one document of these statements. */
export function decided(statements: readonly Short[], ask: Ask = {}): string {
  return outcome(decide(policiesOf(statements), questionOf(ask)));
}

/** Whether the condition of an Allow and that of a Deny with it are met: `true true`, or `open` for unknown. */
export function met(
  operator: string,
  key: string,
  values: string | readonly string[],
  ask: Ask = {},
  version: PolicyDocument['Version'] = '5.0',
): string {
  const condition = { Condition: { [operator]: { [key]: values } } };
  const shown = { allowed: 'true', denied: 'false', open: 'open', explicit: 'true' };
  const one = (statements: readonly Short[], reversed: boolean) => {
    const result = outcome(
      decide(policiesOf(statements, { version }), questionOf(ask)),
    ) as keyof typeof shown;
    return reversed && result === 'allowed' ? 'false' : shown[result];
  };
  return `${one([condition], false)} ${one([{}, { ...condition, Effect: 'Deny' }], true)}`;
}

/** A secret as it is found. */
export function foundSecret(more: Partial<FoundResource['attributes']> = {}): FoundResource {
  return {
    path: 'db',
    attributes: { enterpriseProjectId: 'e1', tags: [], secretType: 'COMMON', ...more },
  };
}
