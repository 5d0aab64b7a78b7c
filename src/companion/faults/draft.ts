import { randomInt } from 'node:crypto';
import { type Static, Type } from '@sinclair/typebox';
import { OPERATIONS } from '../../core/operations.ts';
import { ERROR_TABLE } from '../../http/wire/error-table.ts';
import { invalidMember } from '../control/control-error.ts';
import { createPattern, type Pattern } from '../pattern.ts';
import { parseDuration } from '../times.ts';
import { OUTBOUND_OPERATIONS } from './calls.ts';
import type { FaultDraft, FaultOutcome, FaultPatterns } from './faults.ts';

const LATENCY_MS_MAX = 60_000;
/** Seeds that the server chooses are below this. */
const SEEDS = 2 ** 32;
/** What a rule for outbound calls alone cannot have. */
const OF_REQUESTS = ['method', 'path', 'user', 'code', 'message', 'latency'] as const;
const CODES: Readonly<Record<number, string>> = Object.freeze({
  401: 'APIGW.0301',
  403: 'APIGW.0302',
  429: 'APIGW.0308',
  503: 'APIGW.0201',
});
const OTHER_CODE = 'CSMS.0001';

const PatternText = Type.Optional(Type.String({ minLength: 1, maxLength: 4_096 }));

/** The members of a fault. */
export const FaultBody = Type.Object(
  {
    operation: PatternText,
    method: PatternText,
    path: PatternText,
    name: PatternText,
    user: PatternText,
    status: Type.Optional(Type.Integer({ minimum: 400, maximum: 599 })),
    code: Type.Optional(Type.String({ pattern: '^[A-Za-z0-9._-]{1,64}$' })),
    message: Type.Optional(Type.String({ maxLength: 512 })),
    reset: Type.Optional(Type.Boolean()),
    latency: Type.Optional(Type.String()),
    when: Type.Optional(Type.String({ enum: ['before', 'after'] })),
    times: Type.Optional(Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER })),
    ttl: Type.Optional(Type.String()),
    probability: Type.Optional(Type.Number({ minimum: 0, maximum: 1 })),
    seed: Type.Optional(Type.Union([Type.Integer(), Type.String({ maxLength: 64 })])),
  },
  { additionalProperties: false },
);

type Body = Static<typeof FaultBody>;

/** Reads a fault that fits its schema. Throws ControlError (invalid). */
export function readFault(body: Body): FaultDraft {
  const { probability, times } = body;
  requireMembers(body);
  const latencyMs = body.latency === undefined ? 0 : durationOf(body.latency, 'latency', LATENCY_MS_MAX);
  const ttlMs = body.ttl === undefined ? undefined : durationOf(body.ttl, 'ttl', Number.MAX_SAFE_INTEGER);
  const { seed = randomInt(SEEDS) } = body;
  const when = body.when === 'after' ? 'after' : 'before';
  return {
    patterns: patternsOf(body),
    effect: { outcome: outcomeOf(body), latencyMs, when },
    times,
    ttlMs,
    chance: probability === undefined ? undefined : { probability, seed },
    shown: { ...body, when, ...(probability !== undefined && { seed }) },
  };
}

function requireMembers(body: Body): void {
  const { code, latency, message, operation, probability, reset, seed, status } = body;
  if (status === undefined && reset !== true && latency === undefined) {
    throw invalidMember('status', 'is required, or reset or latency');
  }
  if (status !== undefined && reset === true) {
    throw invalidMember('reset', 'cannot be together with status: it is without a response');
  }
  if (status === undefined && code !== undefined) throw invalidMember('code', 'needs a status');
  if (status === undefined && message !== undefined) throw invalidMember('message', 'needs a status');
  if (seed !== undefined && probability === undefined) throw invalidMember('seed', 'needs a probability');
  if (operation === undefined) return;
  const pattern = createPattern(operation);
  if (Object.keys(OPERATIONS).some(pattern)) return;
  if (!OUTBOUND_OPERATIONS.some(pattern)) {
    throw invalidMember('operation', 'fits no operationId of openapi.yaml and no outbound call');
  }
  const wrong = OF_REQUESTS.find((member) => body[member] !== undefined);
  if (wrong !== undefined) throw invalidMember(wrong, 'is not for outbound calls');
}

function patternsOf({ method, name, operation, path, user }: Body): FaultPatterns {
  const patternOf = (text: string | undefined): Pattern | undefined =>
    text === undefined ? undefined : createPattern(text);
  return {
    operation: patternOf(operation),
    method: patternOf(method?.toUpperCase()),
    path: patternOf(path),
    name: patternOf(name),
    user: patternOf(user),
  };
}

function durationOf(text: string, member: string, msMax: number): number {
  const ms = parseDuration(text);
  if (ms !== undefined && ms <= msMax) return ms;
  const bound = msMax === LATENCY_MS_MAX ? ' of at most 60s' : '';
  throw invalidMember(member, `must be a duration${bound}, such as 250ms or 30s`);
}

function outcomeOf({ code: given, message: text, reset, status }: Body): FaultOutcome | undefined {
  if (reset === true) return { kind: 'reset' };
  if (status === undefined) return undefined;
  const code = given ?? CODES[status] ?? OTHER_CODE;
  const message = text ?? sentenceOf(code, status);
  return { kind: 'status', status, code, message };
}

/** The vendor's fixed text for a code; codes that stand for several things are looked up with their status first. */
function sentenceOf(code: string, status: number): string {
  const rows = Object.values(ERROR_TABLE).filter((row) => row.code === code);
  const row = rows.find((candidate) => candidate.status === status) ?? rows[0] ?? ERROR_TABLE.internal;
  return row.sentence;
}
