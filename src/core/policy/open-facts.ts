import type { PolicyAttributes } from '../attributes.ts';
import type { Matcher } from './evaluation.ts';
import { type ContextValue, type Facts, fullAlias, KEY_FACTS, UNKNOWN, type Unknown } from './facts.ts';
import type { NamedKey } from './keys.ts';
import type { OpenQuestion } from './open-question.ts';
import type { Template } from './template.ts';
import type { View } from './view.ts';

/** A resource as it was found. */
export interface FoundResource {
  /** The last part of its name: that of a secret, the id of a key. */
  readonly path: string;
  readonly attributes: PolicyAttributes;
  /** The number of the version that `latest` stands for. */
  readonly version?: number | undefined;
}

/** The known facts that statements use, as plain data. */
export function usedFacts(
  matchers: readonly Matcher[],
  { action, facts }: View,
): Pick<OpenQuestion, 'values' | 'requestTags'> {
  const values: Record<string, ContextValue | null> = {};
  let hasRequestTags = false;
  for (const { name, tag, isAbsent } of matchers.flatMap(keysOf)) {
    if (isAbsent) continue;
    if (tag !== undefined) hasRequestTags ||= name === 'g:requesttag';
    else {
      const value = facts.value(name, action);
      if (value !== UNKNOWN) values[name] = value ?? null;
    }
  }
  const tags = hasRequestTags ? facts.tags('request', action) : [];
  return { values, requestTags: tags === UNKNOWN ? [] : tags };
}

/** The keys that conditions and variables name. */
function keysOf({ conditions, resources = [] }: Matcher): NamedKey[] {
  const templates = [
    ...conditions.flatMap(({ values }) => values.map(({ template }) => template)),
    ...resources.flatMap((pattern) =>
      pattern.kind === 'all'
        ? []
        : [pattern.service, pattern.region, pattern.account, pattern.type, pattern.path],
    ),
  ];
  return [...conditions.map(({ key }) => key), ...templates.flatMap(variableKeys)];
}

function variableKeys(template: Template): NamedKey[] {
  if (template.kind !== 'variable') return [];
  return template.pieces.flatMap((piece) => (typeof piece === 'object' ? (piece.key ?? []) : []));
}

/** What was known of the request, with what was found of the resource; without it the rest stays unknown. */
export function settledFacts(open: OpenQuestion, found: FoundResource | undefined): Facts {
  const { domainId, region, requestTags, values } = open;
  return {
    region,
    domainId,
    value(name) {
      const known = values[name];
      if (known !== undefined) return known ?? undefined;
      return found === undefined ? UNKNOWN : attributeOf(name, found);
    },
    tags: (of) => (of === 'request' ? requestTags : (found?.attributes.tags ?? UNKNOWN)),
  };
}

/** An attribute by its condition key; undefined: absent. Without the tags of a resource they are unknown. */
function attributeOf(
  name: string,
  { attributes, version }: FoundResource,
): ContextValue | Unknown | undefined {
  switch (name) {
    case 'g:enterpriseprojectid':
      return attributes.enterpriseProjectId;
    case 'csms:type':
      return attributes.secretType;
    case 'csms:versionid':
      return version === undefined ? UNKNOWN : `v${version}`;
    case 'kms:keyorigin':
      return KEY_FACTS.origin;
    case 'kms:keyspec':
      return KEY_FACTS.spec;
    case 'kms:keyusage':
      return KEY_FACTS.usage;
    case 'kms:resourcealiases':
      return attributes.aliases?.map(fullAlias);
    default:
      return undefined;
  }
}
