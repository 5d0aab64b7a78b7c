import { DAY_MS, HOUR_MS } from '../../std/durations.ts';
import { invalidParameter } from '../errors.ts';
import { ROTATION_PERIOD_MS } from '../limits.ts';
import type { Secret, SecretDraft } from '../secrets/secrets.ts';
import { SECRET_TYPES } from '../secrets/types.ts';

const PERIOD = /^([0-9]{1,10})([dhms])$/;
const UNIT_MS: Readonly<Record<string, number>> = Object.freeze({
  d: DAY_MS,
  h: HOUR_MS,
  m: 60_000,
  s: 1_000,
});

/** A rotation period such as `30d` or `6h` in milliseconds. Throws invalid-parameter outside 6 h to 8,760 h. */
export function parseRotationPeriod(text: string): number {
  const [, count, unit] = PERIOD.exec(text) ?? [];
  const periodMs = Number(count) * (UNIT_MS[unit ?? ''] ?? Number.NaN);
  if (periodMs >= ROTATION_PERIOD_MS.min && periodMs <= ROTATION_PERIOD_MS.max) return periodMs;
  throw invalidParameter('rotation_period', 'must be a whole number and one of d, h, m, s, from 6h to 8760h');
}

/**
 * When the next automatic rotation is due: a period after `fromMs`; undefined while automatic rotation is off. `fromMs`:
 * the last rotation, or the moment at which rotation was switched on.
 */
export function nextRotationTime(
  secret: Pick<Secret, 'autoRotation' | 'rotationPeriod'>,
  fromMs: number,
): number | undefined {
  if (!secret.autoRotation || secret.rotationPeriod === undefined) return undefined;
  return fromMs + parseRotationPeriod(secret.rotationPeriod);
}

/**
 * Checks that the rotation fields fit each other and the type. Throws invalid-parameter.
 * @see API page CreateSecret, fields auto_rotation, rotation_period, rotation_config
 */
export function requireRotationFits(
  draft: Pick<SecretDraft, 'secretType' | 'autoRotation' | 'rotationPeriod' | 'rotationConfig'>,
): void {
  const { secretType, autoRotation, rotationPeriod, rotationConfig } = draft;
  if (rotationPeriod !== undefined) parseRotationPeriod(rotationPeriod);
  if (autoRotation && !SECRET_TYPES[secretType].rotates) {
    throw invalidParameter('auto_rotation', `is not possible for a secret of type ${secretType}`);
  }
  if (autoRotation && rotationPeriod === undefined) {
    throw invalidParameter('rotation_period', 'is required when auto_rotation is true');
  }
  if (SECRET_TYPES[secretType].rotates && rotationConfig === undefined) {
    throw invalidParameter('rotation_config', `is required for a secret of type ${secretType}`);
  }
}

/**
 * `SingleUser`: one account gets another password. `MultiUser`: two accounts take turns. @see API page CreateSecret,
 * rotation_config
 */
export const ROTATION_SUB_TYPES = ['SingleUser', 'MultiUser'] as const;
export type RotationSubType = (typeof ROTATION_SUB_TYPES)[number];

/** The databases that there are function templates for. */
export const ROTATION_ENGINES = ['mysql', 'postgresql', 'sqlserver'] as const;
export type RotationEngine = (typeof ROTATION_ENGINES)[number];

/** Source texts of functions, for users to run. */
export interface FunctionTemplates {
  textFor(wanted: { readonly subType: RotationSubType; readonly engine: RotationEngine }): string;
}

/** What a secret's rotation_config says. */
export interface RotationConfig {
  readonly instanceId: string;
  readonly subType: RotationSubType;
}

/** What a rotation needs of a rotation_config; undefined when it lacks `InstanceId` or `SecretSubType`. */
export function parseRotationConfig(text: string | undefined): RotationConfig | undefined {
  const { InstanceId: instanceId, SecretSubType: given } = readConfig(text);
  const subType = ROTATION_SUB_TYPES.find((known) => known === given);
  const isInstance = typeof instanceId === 'string' && instanceId !== '';
  return isInstance && subType !== undefined ? { instanceId, subType } : undefined;
}

/** The database instance that a rotation configuration is about; undefined when it names none. */
export function instanceIdOf({ rotationConfig }: Pick<Secret, 'rotationConfig'>): string | undefined {
  const { InstanceId: id } = readConfig(rotationConfig);
  return typeof id === 'string' ? id : undefined;
}

/**
 * The members of a rotation_config, which is stored as it was given, JSON or not. The documents' own example has single
 * quotes, so these are accepted where there are no double ones.
 */
function readConfig(text = ''): Readonly<Record<string, unknown>> {
  try {
    return JSON.parse(text.includes('"') ? text : text.replaceAll("'", '"')) ?? {};
  } catch {
    return {};
  }
}

/**
 * The project of a function; undefined unless the text is a function's URN. `urn:fss:<region>:<project
 * id>:function:<name>…`
 */
export function functionProject(urn: string): string | undefined {
  return /^urn:fss:[^:]+:([^:]+):function:.+$/.exec(urn)?.[1];
}
