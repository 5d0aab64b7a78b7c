import type { DirectoryContents, Project, User } from '../auth/identities/identities.ts';
import { nearestAction } from '../auth/identities/unknown-actions.ts';
import { policiesOf } from '../auth/permissions.ts';
import { OPERATIONS, type Operation } from '../core/operations.ts';
import { type Action, actionOf, findActions } from '../core/policy/actions.ts';
import { type Considered, explain } from '../core/policy/decide.ts';
import type { Policies, PolicyEntry } from '../core/policy/policies.ts';
import { splitResource } from '../core/policy/resources.ts';
import { explanationFacts, type GivenContext, keyContext } from './explanation-facts.ts';
import { UsageError } from './flags.ts';

/** What is asked, as the command line has it. */
export interface Asked {
  readonly user: User;
  /** Undefined: the first of the user's. */
  readonly project: string | undefined;
  readonly action: string;
  readonly resource: string | undefined;
  readonly key: string | undefined;
  readonly context: GivenContext;
  readonly region: string;
  /** Epoch milliseconds. */
  readonly nowMs: number;
}

/** A statement that decided. */
export interface StatementRef {
  readonly policy: string;
  readonly via: string;
  readonly index: number;
  readonly sid: string | null;
}

/** A decision with its reasons, in wire form. */
export interface Explanation {
  readonly decision: 'allow' | 'deny';
  readonly reason: 'allow' | 'explicit-deny' | 'no-allow';
  readonly action: string;
  readonly resource: string;
  readonly user: { readonly id: string; readonly name: string };
  readonly project: { readonly id: string; readonly name: string } | null;
  readonly statement: StatementRef | null;
  readonly considered: readonly (StatementRef & {
    readonly effect: 'Allow' | 'Deny';
    readonly matches: boolean;
    readonly failed: NonNullable<Considered['failed']> | null;
  })[];
  readonly dependencies: readonly {
    readonly action: string;
    readonly resource: string;
    readonly decision: 'allow' | 'deny';
    readonly statement: StatementRef | null;
  }[];
}

/** What a resource without a name is called. */
const ANY = '*';
const TYPES = { secret: 'secretName', key: 'KeyId' } as const;

/** Decides as a server would, and says why. Throws UsageError for what is not known or missing. */
export function explainAction(contents: DirectoryContents, asked: Asked): Explanation {
  const { context, key, nowMs, region, user } = asked;
  const action = findAction(asked.action);
  const project = findProject(contents, user, asked.project);
  const path = action.resource === undefined ? undefined : pathIn(asked, action);
  const asking = { user, projectName: project?.name, region, nowMs };
  const policies = contents.usesPolicies ? policiesIn(contents, user) : undefined;
  const decided = decide(policies, {
    action,
    projectId: project?.id,
    path,
    facts: explanationFacts(asking, context, true),
  });
  const facts = explanationFacts(asking, keyContext(context), key !== undefined);
  const dependencies = dependenciesOf(action).map((needed) => {
    const { decision, statement } = decide(policies, {
      action: needed,
      projectId: project?.id,
      path: key,
      facts,
    });
    return { action: needed.id, resource: nameOf(needed, key, asked), decision, statement };
  });
  return {
    decision: decided.decision,
    reason: decided.reason,
    action: action.id,
    resource: nameOf(action, path, asked),
    user: { id: user.id, name: user.name },
    project: project === undefined ? null : { id: project.id, name: project.name },
    statement: decided.statement,
    considered: decided.considered,
    dependencies,
  };
}

type Decided = Pick<Explanation, 'decision' | 'reason' | 'statement' | 'considered'>;

/** policies: undefined where the file has none, and everything is allowed. */
function decide(policies: Policies | undefined, question: Parameters<typeof explain>[1]): Decided {
  if (policies === undefined) return { decision: 'allow', reason: 'allow', statement: null, considered: [] };
  const { considered, decisive } = explain(policies, question);
  const isAllowed = decisive?.statement.effect === 'Allow';
  return {
    decision: isAllowed ? 'allow' : 'deny',
    reason: isAllowed ? 'allow' : decisive === undefined ? 'no-allow' : 'explicit-deny',
    statement: decisive === undefined ? null : refOf(decisive),
    considered: considered.map(({ entry, failed, isMatch }) => ({
      ...refOf(entry),
      effect: entry.statement.effect,
      matches: isMatch,
      failed: failed ?? null,
    })),
  };
}

function refOf({ policy, statement, via }: PolicyEntry): StatementRef {
  return { policy, via, index: statement.index, sid: statement.sid ?? null };
}

function policiesIn({ policies }: DirectoryContents, user: User): Policies {
  return policiesOf({ policies: new Map(policies.map((policy) => [policy.name, policy])) }, user);
}

/** The action of an id, or of an alias that only one has. */
function findAction(name: string): Action {
  const [first, ...others] = findActions(name);
  if (first === undefined)
    throw new UsageError(`there is no action ${name}; the nearest is ${nearestAction(name)}`);
  const isId = first.id.toLowerCase() === name.toLowerCase();
  if (isId || others.length === 0) return first;
  const ids = [first, ...others].map(({ id }) => id).join(', ');
  throw new UsageError(`${name} stands for several actions: name one of ${ids}`);
}

function findProject(
  { domains }: DirectoryContents,
  user: User,
  name: string | undefined,
): Project | undefined {
  if (name === undefined) return user.projects[0];
  const domain = domains.find(({ id }) => id === user.domainId);
  const project = domain?.projects.find((each) => each.name === name || each.id === name);
  if (project === undefined) throw new UsageError(`there is no project ${name} in domain ${user.domainName}`);
  return project;
}

/** The last part of the resource that `--resource` names. */
function pathIn({ region, resource, user }: Asked, action: Action): string {
  if (resource === undefined || resource === '')
    throw new UsageError(`${action.id} is done to a ${action.resource}: name one with --resource`);
  const parts = splitResource(resource);
  if (parts === undefined) return resource;
  const path = parts[4];
  const own = ownPrefix(action, { region, user });
  if (parts.slice(0, 4).join(':').toLowerCase() !== own.toLowerCase())
    throw new UsageError(`${resource} is not of this server: such a name begins with ${own}:`);
  return path;
}

function nameOf(action: Action, path: string | undefined, asked: Pick<Asked, 'region' | 'user'>): string {
  return action.resource === undefined || path === undefined ? ANY : `${ownPrefix(action, asked)}:${path}`;
}

function ownPrefix({ resource, service }: Action, { region, user }: Pick<Asked, 'region' | 'user'>): string {
  return `${service}:${region}:${user.domainId}:${TYPES[resource ?? 'secret']}`;
}

/** Those of the first operation that needs the action: of several, it is the plainest. */
function dependenciesOf({ id }: Action): Action[] {
  const operations: readonly Operation[] = Object.values(OPERATIONS);
  const needs = operations.find((operation) => operation.action === id)?.needs ?? [];
  return needs.map(actionOf);
}
