import type { PolicyDocument } from './document.ts';
import { UNKNOWN, type Unknown } from './facts.ts';
import { findKey, type NamedKey } from './keys.ts';
import { ANY, fitsPattern, type Pieces, STAR } from './pattern.ts';
import { asText, type View, valueFor } from './view.ts';

/** `${key, 'default'}`: it is replaced by what the key has, which is literal. */
export interface Variable {
  readonly key: NamedKey | undefined;
  readonly fallback: string | undefined;
}

/** A text of a policy, ready to be compared: plain data. */
export type Template =
  /** `*`, which fits whatever is there, known or not. */
  | { readonly kind: 'all' }
  /** A variable in it is written wrongly: it fits nothing. */
  | { readonly kind: 'nothing' }
  | { readonly kind: 'exact'; readonly text: string }
  /** `text*` */
  | { readonly kind: 'start'; readonly text: string }
  | { readonly kind: 'pattern'; readonly pieces: Pieces }
  | {
      readonly kind: 'variable';
      readonly pieces: readonly (Pieces[number] | Variable)[];
      /** True when it is compared in lower case. */
      readonly isFolded: boolean;
    };

/** How a text of a policy is read. */
export interface TemplateRules {
  /** Undefined: without variables. */
  readonly variables: PolicyDocument['Version'] | undefined;
  readonly hasWildcards: boolean;
  /** True when it is compared in lower case. */
  readonly isFolded?: boolean;
}

const ESCAPES: Readonly<Record<PolicyDocument['Version'], ReadonlySet<string>>> = {
  '1.1': new Set(['$']),
  '5.0': new Set(['$', '*', '?']),
};

/** Reads a text of a policy. */
export function readTemplate(written: string, rules: TemplateRules): Template {
  const pieces: (Pieces[number] | Variable)[] = [];
  for (const token of tokensOf(written, rules)) {
    if (token === undefined) return { kind: 'nothing' };
    const last = pieces.at(-1);
    if (typeof token === 'string' && typeof last === 'string') pieces[pieces.length - 1] = last + token;
    else pieces.push(token);
  }
  const isFolded = rules.isFolded === true;
  if (!pieces.every((piece) => typeof piece !== 'object')) return { kind: 'variable', pieces, isFolded };
  return staticTemplate(isFolded ? fold(pieces) : pieces);
}

function staticTemplate(pieces: Pieces): Template {
  const [first = '', second] = pieces;
  if (pieces.length === 1 && first === STAR) return { kind: 'all' };
  if (typeof first !== 'string' || pieces.length > 2) return { kind: 'pattern', pieces };
  if (second === undefined) return { kind: 'exact', text: first };
  return second === STAR ? { kind: 'start', text: first } : { kind: 'pattern', pieces };
}

/** Compares; an undefined text is unknown. A variable without a value makes it fit nothing. */
export function fitsTemplate(template: Template, text: string | undefined, view: View): boolean | Unknown {
  switch (template.kind) {
    case 'all':
      return true;
    case 'nothing':
      return false;
    case 'exact':
      return text === undefined ? UNKNOWN : text === template.text;
    case 'start':
      return text === undefined ? UNKNOWN : text.startsWith(template.text);
    case 'pattern':
      return text === undefined ? UNKNOWN : fitsPattern(template.pieces, text);
    default: {
      const pieces = resolvePieces(template, view);
      if (pieces === undefined) return false;
      return pieces === UNKNOWN || text === undefined ? UNKNOWN : fitsPattern(pieces, text);
    }
  }
}

/** The text of a template without wildcards; undefined: there is none. */
export function resolveText(template: Template, view: View): string | Unknown | undefined {
  if (template.kind === 'exact') return template.text;
  if (template.kind !== 'variable') return undefined;
  const pieces = resolvePieces(template, view);
  return pieces === UNKNOWN ? UNKNOWN : pieces?.join('');
}

/** Puts values in the place of variables. */
export function resolvePieces(
  template: Extract<Template, { kind: 'variable' }>,
  view: View,
): Pieces | Unknown | undefined {
  const resolved: Pieces[number][] = [];
  let isUnknown = false;
  for (const piece of template.pieces) {
    if (typeof piece !== 'object') {
      resolved.push(piece);
      continue;
    }
    const value = piece.key === undefined ? undefined : valueFor(view, piece.key);
    const text = value === UNKNOWN || value === undefined ? piece.fallback : asText(value, piece.key);
    if (value === UNKNOWN) isUnknown = true;
    else if (text === undefined) return undefined;
    else resolved.push(text);
  }
  if (isUnknown) return UNKNOWN;
  return template.isFolded ? fold(resolved) : resolved;
}

function fold(pieces: Pieces): Pieces {
  return pieces.map((piece) => (typeof piece === 'string' ? piece.toLowerCase() : piece));
}

/** The pieces of a text; undefined where a variable is written wrongly. */
function* tokensOf(
  written: string,
  { variables, hasWildcards }: TemplateRules,
): Generator<Pieces[number] | Variable | undefined> {
  for (let at = 0; at < written.length; ) {
    if (variables !== undefined && written.startsWith('${', at)) {
      const end = variableEnd(written, at);
      yield readVariable(written.slice(at, end), variables);
      at = end;
      continue;
    }
    const character = written[at] ?? '';
    if (hasWildcards && character === '*') yield STAR;
    else if (hasWildcards && character === '?') yield ANY;
    else yield character;
    at += 1;
  }
}

const VARIABLE = /^\$\{ *(?<name>[^,}]*?) *(?:, *'(?<fallback>(?:[^']|'')*)' *)?\}$/;

function readVariable(written: string, version: PolicyDocument['Version']): string | Variable | undefined {
  const { name = '', fallback } = VARIABLE.exec(written)?.groups ?? {};
  if (name === '') return undefined;
  if (name.length === 1) return fallback === undefined && ESCAPES[version].has(name) ? name : undefined;
  const key = findKey(name);
  return key?.isMulti === true ? undefined : { key, fallback: fallback?.replaceAll("''", "'") };
}

/** Where the variable that starts there ends, after its brace; the end of the text when it never does. */
export function variableEnd(written: string, start: number): number {
  let isQuoted = false;
  for (let at = start; at < written.length; at += 1) {
    if (written[at] === "'") isQuoted = !isQuoted;
    else if (written[at] === '}' && !isQuoted) return at + 1;
  }
  return written.length;
}
