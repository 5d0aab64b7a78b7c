import type { Action } from './actions.ts';
import { anyOf } from './conditions.ts';
import type { PolicyDocument } from './document.ts';
import { UNKNOWN, type Unknown } from './facts.ts';
import { fitsTemplate, readTemplate, type Template, variableEnd } from './template.ts';
import type { View } from './view.ts';

/** A resource as a statement names it: plain data. */
export type ResourcePattern =
  | { readonly kind: 'all' }
  | {
      readonly kind: 'parts';
      readonly service: Template;
      readonly region: Template;
      readonly account: Template;
      readonly type: Template;
      readonly path: Template;
      /** The service of `service:*:*:*:*`, in lower case. */
      readonly wholeService: string | undefined;
    };

/** What a statement’s resources are compared with; an undefined path is unknown. */
export interface ResourceView extends View {
  readonly path: string | undefined;
}

const PARTS = 5;
const TYPES = { secret: 'secretName', key: 'KeyId' } as const;

/**
 * Splits `service:region:account:type:path`: colons in the path and in variables do not separate. Undefined when there are
 * too few parts.
 */
export function splitResource(
  written: string,
): readonly [string, string, string, string, string] | undefined {
  const parts: string[] = [];
  let start = 0;
  for (let at = 0; at < written.length && parts.length < PARTS - 1; at += 1) {
    if (written.startsWith('${', at)) at = variableEnd(written, at) - 1;
    else if (written[at] === ':') {
      parts.push(written.slice(start, at));
      start = at + 1;
    }
  }
  const [service, region, account, type] = parts;
  if (service === undefined || region === undefined || account === undefined || type === undefined)
    return undefined;
  return [service, region, account, type, written.slice(start)];
}

/** Prepares a resource. Throws Error for one that no checked document has. */
export function compileResource(written: string, version: PolicyDocument['Version']): ResourcePattern {
  if (written === '*') return { kind: 'all' };
  const parts = splitResource(written);
  if (parts === undefined) throw new Error('the document is not checked');
  const variables = version === '5.0' ? version : undefined;
  const [service, region, account, type, path] = parts;
  const [, whole] = /^([^:*?$]+):\*:\*:\*:\*$/.exec(written) ?? [];
  return {
    kind: 'parts',
    service: readTemplate(service, { variables, hasWildcards: true, isFolded: true }),
    region: readTemplate(region, { variables, hasWildcards: true }),
    account: readTemplate(account, { variables, hasWildcards: true }),
    type: readTemplate(type, { variables, hasWildcards: true }),
    path: readTemplate(path, { variables: version, hasWildcards: true }),
    wholeService: whole?.toLowerCase(),
  };
}

/** Whether one of the patterns fits the resource of the request, or what stands for none. */
export function fitsResources(patterns: readonly ResourcePattern[], view: ResourceView): boolean | Unknown {
  if (view.action.resource === undefined)
    return patterns.some((pattern) => fitsWithout(pattern, view.action));
  return anyOf(patterns, (pattern) => fitsResource(pattern, view));
}

/** An action without a resource is only covered by what covers all of its service. */
function fitsWithout(pattern: ResourcePattern, { service }: Action): boolean {
  return pattern.kind === 'all' || pattern.wholeService === service;
}

/** The path first: it is what patterns differ by. */
function fitsResource(pattern: ResourcePattern, view: ResourceView): boolean | Unknown {
  if (pattern.kind === 'all') return true;
  const { action, facts, path } = view;
  const ofPath = fitsTemplate(pattern.path, path, view);
  if (ofPath === false) return false;
  const ofService = fitsTemplate(pattern.service, action.service, view);
  if (ofService === false) return false;
  const ofType = fitsTemplate(
    pattern.type,
    action.resource === undefined ? '' : TYPES[action.resource],
    view,
  );
  if (ofType === false) return false;
  const ofRegion = fitsTemplate(pattern.region, facts.region, view);
  if (ofRegion === false) return false;
  const ofAccount = fitsTemplate(pattern.account, facts.domainId, view);
  if (ofAccount === false) return false;
  const isKnown = ofPath === true && ofService === true && ofType === true;
  return isKnown && ofRegion === true && ofAccount === true ? true : UNKNOWN;
}

/** True for a list of resources that holds `*`. */
export function holdsAll(patterns: readonly ResourcePattern[]): boolean {
  return patterns.some(({ kind }) => kind === 'all');
}
