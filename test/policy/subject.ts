import { ACTIONS, type Action } from '../../src/core/policy/actions.ts';
import type { Question } from '../../src/core/policy/decide.ts';
import type { PolicyDocument, PolicyStatement } from '../../src/core/policy/document.ts';
import { createFacts, type Facts, UNKNOWN } from '../../src/core/policy/facts.ts';
import { type FoundResource, settledFacts } from '../../src/core/policy/open-facts.ts';
import { createPolicies, type Policies } from '../../src/core/policy/policies.ts';
import type { SecretType } from '../../src/core/secrets/types.ts';
import type { Asked, Existing, WrittenDocument, WrittenPolicy, WrittenStatement } from './situation.ts';

/** Puts what both evaluators are given into the words of the server. */

export function subjectPolicies(policies: readonly WrittenPolicy[]): Policies {
  return createPolicies(
    policies.map(({ name, via, document, projectIds, enterpriseProjectIds }) => ({
      name,
      via,
      document: subjectDocument(document),
      projectIds: projectIds && new Set(projectIds),
      enterpriseProjectIds,
    })),
  );
}

function subjectDocument({ Version, Statement }: WrittenDocument): PolicyDocument {
  return { Version, Statement: Statement.map(subjectStatement) };
}

function subjectStatement(written: WrittenStatement): PolicyStatement {
  const conditions = Object.entries(written.Condition ?? {}).map(([operator, keys]) => [
    operator,
    Object.fromEntries(Object.entries(keys).map(([key, values]) => [key, list(values)])),
  ]);
  return {
    Sid: written.Sid,
    Effect: written.Effect,
    Action: list(written.Action),
    NotAction: list(written.NotAction),
    Resource: list(written.Resource),
    NotResource: list(written.NotResource),
    Condition: written.Condition && Object.fromEntries(conditions),
  };
}

const list = <T extends string | readonly string[] | undefined>(written: T) =>
  typeof written === 'string' ? [written] : (written as Exclude<T, string>);

const actionNamed = (id: string): Action => [...ACTIONS.values()].find((action) => action.id === id)!;

export function subjectQuestion(asked: Asked): Question {
  return {
    action: actionNamed(asked.action),
    projectId: asked.project?.id,
    path: asked.path,
    facts: factsOf(asked),
    isGranted: asked.isGranted,
  };
}

function factsOf(asked: Asked): Facts {
  const { address, caller, isSecure, now, project, region, sent, tokenIssuedAt, userAgent } = asked;
  const context = {
    caller,
    projectName: project?.name,
    region,
    address,
    userAgent,
    isSecure,
    tokenIssuedAtMs: tokenIssuedAt,
    nowMs: now,
  };
  return createFacts(context, sent);
}

export function subjectFound(asked: Asked, resource: Existing | undefined): FoundResource | undefined {
  if (resource === undefined) return undefined;
  const { enterpriseProjectId, tags, secretType, aliases, latest, path } = resource;
  const isSecret = actionNamed(asked.action).resource === 'secret';
  return {
    path,
    attributes: {
      enterpriseProjectId,
      tags: tags.map(({ key, value = '' }) => ({ key, value })),
      ...(isSecret ? { secretType: secretType as SecretType } : { aliases }),
    },
    version: latest,
  };
}

/** The question with all that the resource tells, as if it was known from the start. */
export function subjectWholeQuestion(asked: Asked, resource: Existing): Question {
  const question = subjectQuestion(asked);
  const found = subjectFound(asked, resource)!;
  const { domainId, region } = question.facts;
  const nothing = { values: {}, requestTags: [], statements: [], isAllowed: false };
  const ofResource = settledFacts(
    { ...nothing, action: question.action.id, region, domainId, path: found.path },
    found,
  );
  const facts: Facts = {
    ...question.facts,
    value: (name, action) => {
      const known = question.facts.value(name, action);
      return known === UNKNOWN ? ofResource.value(name, action) : known;
    },
    tags: (of, action) => (of === 'request' ? question.facts : ofResource).tags(of, action),
  };
  return { ...question, path: found.path, facts };
}
