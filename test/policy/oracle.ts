import { fits, isReadable, type Value, values } from './oracle-values.ts';
import type { Asked, Situation, WrittenPolicy, WrittenStatement } from './situation.ts';
import { findTableKey, TABLE_ACTIONS, type TableAction } from './tables.ts';

/*
 * A second evaluator of policies, to be read beside the rules: as naive as can be, and written from them alone. Nothing
 * here is unknown for long: whoever asks whether something is met says what the unknown counts as.
 */

interface Placed {
  readonly policy: WrittenPolicy;
  readonly statement: WrittenStatement;
  readonly index: number;
}

/** The user’s policies, then its groups’, both versions together. */
function placed(policies: readonly WrittenPolicy[], effect: 'Allow' | 'Deny'): Placed[] {
  return policies.flatMap((policy) =>
    policy.document.Statement.map((statement, index) => ({ policy, statement, index })).filter(
      ({ statement }) => statement.Effect === effect,
    ),
  );
}

/**
 * 1. A matching Deny: denied. 2. A matching Allow: allowed. 3. A grant: allowed. 4. Denied. What depends on the unknown
 * counts as met in Deny and as not met in Allow.
 */
export function isAllowed(policies: readonly WrittenPolicy[], situation: Situation): boolean {
  if (placed(policies, 'Deny').some((one) => matches(one, situation, true))) return false;
  if (placed(policies, 'Allow').some((one) => matches(one, situation, false))) return true;
  return situation.asked.isGranted;
}

/** A Deny matches that depends on no attribute, nor on a path that is not known. */
export function isExplicit(policies: readonly WrittenPolicy[], asked: Asked): boolean {
  return placed(policies, 'Deny').some((one) => matches(one, { asked, resource: undefined }, false));
}

/** What can be said before the resource is known. */
export function firstDecision(
  policies: readonly WrittenPolicy[],
  asked: Asked,
): 'allowed' | 'denied' | 'denied explicitly' | 'open' {
  const situation = { asked, resource: undefined };
  if (isExplicit(policies, asked)) return 'denied explicitly';
  if (isAllowed(policies, situation)) return 'allowed';
  const mayBeAllowed = placed(policies, 'Allow').some((one) => matches(one, situation, true));
  return mayBeAllowed || asked.isGranted ? 'open' : 'denied';
}

/**
 * The open check. It fails when no Allow names the action with its conditions met (those on attributes and on what differs
 * by row or item set aside), or a Deny without any of these and with Resource absent or `*` matches.
 */
export function isOpen(policies: readonly WrittenPolicy[], asked: Asked): boolean {
  const situation = { asked, resource: undefined, isAside: true };
  const isRefused = placed(policies, 'Deny').some(
    (one) =>
      one.statement.NotResource === undefined &&
      list(one.statement.Resource ?? '*').includes('*') &&
      failedPart(one, situation, { whenUnknown: false, isWithoutResource: true }) === undefined,
  );
  if (isRefused) return false;
  if (asked.isGranted) return true;
  return placed(policies, 'Allow').some(
    (one) => failedPart(one, situation, { whenUnknown: true, isWithoutResource: true }) === undefined,
  );
}

export type Failure = 'scope' | 'action' | 'resource' | 'condition' | undefined;

/** Every statement in order, with the first part that does not match, and the statement that decides. */
export function explained(policies: readonly WrittenPolicy[], situation: Situation) {
  const considered = policies.flatMap((policy) =>
    policy.document.Statement.map((statement, index) => ({
      policy: policy.name,
      via: policy.via,
      index,
      effect: statement.Effect,
      failed: failedPart({ policy, statement, index }, situation, {
        whenUnknown: statement.Effect === 'Deny',
      }),
    })),
  );
  const first = (effect: string) =>
    considered.find((one) => one.effect === effect && one.failed === undefined);
  return { considered, decisive: first('Deny') ?? first('Allow') };
}

function matches(one: Placed, situation: Situation, whenUnknown: boolean): boolean {
  return failedPart(one, situation, { whenUnknown }) === undefined;
}

function failedPart(
  { policy, statement }: Placed,
  situation: Situation,
  { whenUnknown, isWithoutResource }: { whenUnknown: boolean; isWithoutResource?: boolean },
): Failure {
  const { project } = situation.asked;
  const { document, enterpriseProjectIds, projectIds } = policy;
  if (projectIds !== undefined && project !== undefined && !projectIds.includes(project.id)) return 'scope';
  if (!namesAction(statement, situation)) return 'action';
  if (isWithoutResource !== true && !namesResource(statement, document.Version, situation, whenUnknown))
    return 'resource';
  const inScope = enterpriseProjectIds === undefined || isIn(enterpriseProjectIds, situation, whenUnknown);
  return inScope && meetsAll(statement, document.Version, situation, whenUnknown) ? undefined : 'condition';
}

const list = <T>(written: T | readonly T[]): readonly T[] =>
  Array.isArray(written) ? written : [written as T];

/** The added condition that `g:EnterpriseProjectId` is present and one of them. */
function isIn(ids: readonly string[], situation: Situation, whenUnknown: boolean): boolean {
  const value = values('g:EnterpriseProjectId', situation);
  return value === 'unknown' ? whenUnknown : value.some((id) => ids.includes(id));
}

const actionOf = ({ asked }: Situation): TableAction => TABLE_ACTIONS.get(asked.action)!;

/** An action matches when its id or one of its aliases does; NotAction applies when none of its names does. */
function namesAction({ Action, NotAction }: WrittenStatement, situation: Situation): boolean {
  const { id, aliases } = actionOf(situation);
  const isNamed = list(Action ?? NotAction ?? []).some((written) =>
    [id, ...aliases].some((name) => wildcard(written, 'i').test(name)),
  );
  return Action === undefined ? !isNamed : isNamed;
}

/** `*` is any run of characters (also none), `?` one. */
const wildcard = (written: string, flags: string): RegExp => regex([...written].map(wildOrText), flags);

function namesResource(
  { Resource, NotResource }: WrittenStatement,
  version: string,
  situation: Situation,
  whenUnknown: boolean,
): boolean {
  if (Resource === undefined && NotResource === undefined) return true;
  if (Resource !== undefined)
    return list(Resource).some((written) => fitsResource(written, version, situation, whenUnknown));
  return !list(NotResource!).some((written) => fitsResource(written, version, situation, !whenUnknown));
}

/** Compared part by part; service without regard to case, the rest exactly. `*` is all. */
function fitsResource(written: string, version: string, situation: Situation, whenUnknown: boolean): boolean {
  if (written === '*') return true;
  const { resource, service } = actionOf(situation);
  if (resource === undefined) {
    const [own = '', ...rest] = written.split(':');
    return own.toLowerCase() === service && rest.join(':') === '*:*:*:*';
  }
  const { asked } = situation;
  const type = resource === 'secret' ? 'secretName' : 'KeyId';
  const path = asked.path ?? situation.resource?.path ?? 'unknown path';
  const parts = partsOf(written);
  return [service, asked.region, asked.caller.domainId, type, path].every((own, at) => {
    const part = parts[at] ?? '';
    const isKnown = at < 4 || asked.path !== undefined || situation.resource !== undefined;
    const hasVariables = version === '5.0' || at === 4;
    const text = hasVariables ? replaced(part, version, situation) : { pieces: [...part].map(wildOrText) };
    if (text === 'nothing') return false;
    if (at === 4 && part === '*') return true;
    if (text === 'unknown' || !isKnown) return whenUnknown;
    return regex(text.pieces, at === 0 ? 'i' : '').test(own);
  });
}

/** Colons in the path and inside `${…}` do not separate. */
function partsOf(written: string): readonly string[] {
  const part = /((?:\$\{(?:'[^']*'|[^'}])*\}|(?!\$\{)[^:])*):/su.source;
  return new RegExp(`^${part.repeat(4)}(.*)$`, 'su').exec(written)?.slice(1) ?? [];
}

type Piece = { readonly text: string } | { readonly wild: '*' | '?' };
const wildOrText = (character: string): Piece =>
  character === '*' || character === '?' ? { wild: character } : { text: character };

/** Many cases have the same patterns. */
const compiled = new Map<string, RegExp>();

function regex(pieces: readonly Piece[], flags = ''): RegExp {
  const source = pieces.map((piece) => {
    if ('wild' in piece) return piece.wild === '*' ? '.*' : '.';
    return [...piece.text].map((one) => `\\u{${one.codePointAt(0)!.toString(16)}}`).join('');
  });
  const whole = `^${source.join('')}$`;
  const made = compiled.get(flags + whole) ?? new RegExp(whole, `su${flags}`);
  compiled.set(flags + whole, made);
  return made;
}

/**
 * Variables are replaced by the single-valued key, once; what it brings is literal. Blanks around the name are ignored;
 * `${key, 'default'}` (`''` is a quote). No value and no default, a multi-valued key or bad syntax: it fits nothing.
 */
function replaced(
  written: string,
  version: string,
  situation: Situation,
): 'nothing' | 'unknown' | { readonly pieces: readonly Piece[] } {
  const tokens = written.match(/\$\{(?:'[^']*'|[^'}])*\}|\$\{.*|./gsu) ?? [];
  const pieces = tokens.map((token) =>
    token.startsWith('${') ? variable(token, version, situation) : wildOrText(token),
  );
  if (pieces.includes('nothing')) return 'nothing';
  if (pieces.includes('unknown')) return 'unknown';
  return { pieces: pieces as Piece[] };
}

function variable(token: string, version: string, situation: Situation): Piece | 'nothing' | 'unknown' {
  const [, name = '', fallback] = /^\$\{ *(.*?) *(?:, *'((?:[^']|'')*)' *)?\}$/su.exec(token) ?? [];
  if (name === '$' || (version === '5.0' && (name === '*' || name === '?')))
    return fallback === undefined ? { text: name } : 'nothing';
  if (name === '' || /[,'}]/.test(name)) return 'nothing';
  const found = findTableKey(name);
  if (found?.key.isMulti) return 'nothing';
  const own: Value = found === undefined ? [] : values(name, situation);
  if (own === 'unknown') return 'unknown';
  const text = own[0] ?? fallback?.replaceAll("''", "'");
  return text === undefined ? 'nothing' : { text };
}

/** Operators and keys are ANDed. */
function meetsAll(
  { Condition = {}, Effect }: WrittenStatement,
  version: string,
  situation: Situation,
  whenUnknown: boolean,
): boolean {
  return Object.entries(Condition).every(([operator, keys]) =>
    Object.entries(keys).every(([key, wanted]) =>
      meets({ operator, key, wanted: list(wanted), effect: Effect, version, situation, whenUnknown }),
    ),
  );
}

interface Comparison {
  readonly operator: string;
  readonly key: string;
  readonly wanted: readonly string[];
  readonly effect: 'Allow' | 'Deny';
  readonly version: string;
  readonly situation: Situation;
  readonly whenUnknown: boolean;
}

function meets({ operator, key, wanted, effect, version, situation, whenUnknown }: Comparison): boolean {
  const own = values(key, situation);
  if (own === 'unknown') return whenUnknown;
  if (operator === 'Null')
    return wanted.some((want) => (want.toLowerCase() === 'true') === (own.length === 0));
  const isNegative = /Not/.test(operator);
  if (own.length === 0) {
    if (operator.endsWith('IfExists')) return true;
    if (operator.startsWith('ForAllValues:')) return true;
    if (operator.startsWith('ForAnyValue:')) return false;
    return isNegative && effect === 'Deny';
  }
  const name = operator
    .replace(/^.*:/, '')
    .replace(/IfExists$/, '')
    .replace('Not', '');
  const texts = wanted.map((want) => comparable(want, name, version, situation));
  if (isNegative && texts.includes('nothing')) return false;
  const fitting = (one: string) =>
    texts.some((text) => {
      if (text === 'nothing') return false;
      // Of a negative operator it is the opposite that counts.
      if (text === 'unknown') return isNegative ? !whenUnknown : whenUnknown;
      return typeof text === 'string' ? fits(name, one, text) : text.test(one);
    });
  const met = (one: string) => fitting(one) !== isNegative;
  return operator.startsWith('ForAnyValue:') ? own.some(met) : own.every(met);
}

/** A value with its variables replaced: a text, or for StringMatch what it has to look like. */
function comparable(
  want: string,
  name: string,
  version: string,
  situation: Situation,
): string | RegExp | 'nothing' | 'unknown' {
  const text = replaced(want, version, situation);
  if (typeof text === 'string') return text;
  if (name === 'StringMatch') return regex(text.pieces);
  const whole = text.pieces.map((piece) => ('wild' in piece ? piece.wild : piece.text)).join('');
  return isReadable(name, whole) ? whole : 'nothing';
}
