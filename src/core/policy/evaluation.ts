import { type Condition, isMet, negated } from './conditions.ts';
import { UNKNOWN, type Unknown } from './facts.ts';
import { findKey } from './keys.ts';
import { fitsResources, type ResourcePattern, type ResourceView } from './resources.ts';
import { type View, valueFor } from './view.ts';

/** What decides whether a statement matches, once its action does. */
export interface Matcher {
  readonly effect: 'Allow' | 'Deny';
  /** Undefined: all. */
  readonly resources: readonly ResourcePattern[] | undefined;
  /** True when none of `resources` may fit. */
  readonly isExcluding: boolean;
  /** All of them have to be met. */
  readonly conditions: readonly Condition[];
}

const ENTERPRISE_PROJECT = findKey('g:EnterpriseProjectId');

/** Whether a statement matches: false when one part is false, else unknown when one is, else true. */
export function matches(
  matcher: Matcher,
  enterpriseProjectIds: readonly string[] | undefined,
  view: ResourceView,
): boolean | Unknown {
  const resource = matchesResource(matcher, view);
  if (resource === false) return false;
  const met = meetsConditions(matcher, enterpriseProjectIds, view);
  return met === true ? resource : met;
}

/** Whether a statement is about the resource. */
export function matchesResource({ resources, isExcluding }: Matcher, view: ResourceView): boolean | Unknown {
  if (resources === undefined) return true;
  const fits = fitsResources(resources, view);
  return isExcluding ? negated(fits) : fits;
}

/** Whether all conditions of a statement are met, that of its scope included. */
export function meetsConditions(
  { conditions, effect }: Matcher,
  enterpriseProjectIds: readonly string[] | undefined,
  view: View,
): boolean | Unknown {
  let result: boolean | Unknown = true;
  if (enterpriseProjectIds !== undefined) {
    result = isWithinScope(enterpriseProjectIds, view);
    if (result === false) return false;
  }
  for (const condition of conditions) {
    const met = isMet(condition, effect, view);
    if (met === false) return false;
    if (met === UNKNOWN) result = UNKNOWN;
  }
  return result;
}

/** Whether the enterprise project of the resource is one of these; false when the action has none. */
export function isWithinScope(enterpriseProjectIds: readonly string[], view: View): boolean | Unknown {
  const own = ENTERPRISE_PROJECT === undefined ? undefined : valueFor(view, ENTERPRISE_PROJECT);
  return own === UNKNOWN ? UNKNOWN : typeof own === 'string' && enterpriseProjectIds.includes(own);
}
