import type { SecretError } from '../../core/errors.ts';
import { forbidden } from '../../core/permit.ts';
import { type ActionId, actionOf } from '../../core/policy/actions.ts';
import { type Decision, decide, isOpenFor, type Question } from '../../core/policy/decide.ts';
import {
  createFacts,
  type Facts,
  type RequestContext,
  type RequestFacts,
  UNKNOWN,
} from '../../core/policy/facts.ts';
import type { OpenQuestion } from '../../core/policy/open-question.ts';
import type { Deps } from '../ports/deps.ts';
import type { AccessRequest } from './subject.ts';

/** What the caller’s policies say: at once, or once its rests are settled. */
export type Judgement =
  | { readonly kind: 'allowed' }
  | { readonly kind: 'denied'; readonly isExplicit: boolean }
  | { readonly kind: 'open'; readonly rests: readonly OpenQuestion[] };

/** What is asked about: undefined parts are not known yet. */
export interface Target {
  readonly path: string | undefined;
  readonly facts: RequestFacts;
  /** Names in lower case of condition keys whose values are not known yet, although they are the request’s. */
  readonly unknown: readonly string[];
}

/** Decides over one request by the policies of its caller. */
export interface Check {
  readonly deps: Deps;
  readonly request: AccessRequest;
  readonly projectId: string;
  judge(action: ActionId, target: Target): Judgement;
  /** The same for what a grant allows: policies can only deny it. */
  judgeGranted(action: ActionId, target: Target): Judgement;
  /** Whether a list or a batch may be begun. */
  mayBegin(action: ActionId, target: Target): boolean;
  /** `resource`: what the caller named. */
  refusal(action: ActionId, resource: string, isExplicit: boolean): SecretError;
  /** The URN of a resource of the action’s type. */
  urnOf(action: ActionId, path: string): string;
  /** Notes that the action was allowed, where that is asked for. */
  learn(action: ActionId, resource: string): void;
}

const ALLOWED = Object.freeze({ kind: 'allowed' });

/** Creates the check of one request. Without permissions everything is allowed. */
export function createCheck(deps: Deps, request: AccessRequest): Check {
  const { caller, projectId } = request;
  const { narrowing, policies } = caller.permissions ?? {};
  const context = contextOf(deps, request);
  const questionOf = (action: ActionId, { facts, path, unknown }: Target): Question => ({
    action: actionOf(action),
    projectId,
    path,
    facts: hiding(createFacts(context, facts), unknown),
  });
  // A grant counts instead of the user’s own policies; those that narrow it have to allow it all the same.
  const decideAll = (question: Question): Judgement => {
    const first: Decision = policies === undefined ? ALLOWED : decide(policies, question);
    return narrowing === undefined
      ? judgementOf(first)
      : both(first, decide(narrowing, { ...question, isGranted: false }));
  };
  return {
    deps,
    request,
    projectId: projectId ?? '',
    judge: (action, target) => decideAll(questionOf(action, target)),
    judgeGranted: (action, target) => decideAll({ ...questionOf(action, target), isGranted: true }),
    mayBegin(action, target) {
      const question = questionOf(action, target);
      return [policies, narrowing].every((one) => one === undefined || isOpenFor(one, question));
    },
    refusal: (action, resource, isExplicit) => forbidden(caller, { action, resource, isExplicit }),
    urnOf: (action, path) => urnOf(action, context, path),
    learn(action, resource) {
      deps.learn?.({ user: caller.userName, project: context.projectName, action, resource });
    },
  };
}

function contextOf({ choices, clock }: Deps, request: AccessRequest): RequestContext {
  const { address, isSecure, projectId, userAgent } = request;
  const { domainId, permissions, userId, userName } = request.caller;
  const { domainName = '', projectNames, tokenIssuedAtMs } = permissions ?? {};
  return {
    caller: { userId, userName, domainId, domainName },
    projectName: projectId === undefined ? undefined : projectNames?.get(projectId),
    region: choices.region,
    address,
    userAgent,
    isSecure,
    tokenIssuedAtMs,
    nowMs: clock.nowMs(),
  };
}

function judgementOf(decision: Decision): Judgement {
  return decision.kind === 'open' ? { kind: 'open', rests: [decision.rest] } : decision;
}

function both(first: Decision, second: Decision): Judgement {
  if (first.kind === 'denied' || second.kind === 'denied') {
    const isExplicit = [first, second].some((one) => one.kind === 'denied' && one.isExplicit);
    return { kind: 'denied', isExplicit };
  }
  const rests = [first, second].flatMap((one) => (one.kind === 'open' ? [one.rest] : []));
  return rests.length === 0 ? ALLOWED : { kind: 'open', rests };
}

function hiding(facts: Facts, unknown: readonly string[]): Facts {
  if (unknown.length === 0) return facts;
  return {
    ...facts,
    value: (name, action) => (unknown.includes(name) ? UNKNOWN : facts.value(name, action)),
  };
}

function urnOf(action: ActionId, { caller, region }: RequestContext, path: string): string {
  const { resource, service } = actionOf(action);
  const type = resource === 'key' ? 'KeyId' : 'secretName';
  return `${service}:${region}:${caller.domainId}:${type}:${path}`;
}
