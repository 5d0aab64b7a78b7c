import { invalidParameter } from './errors.ts';

/** Letters, digits, dot, underscore, dash. Dots are accepted on create and in every path. */
export const SECRET_NAME_PATTERN = '^[a-zA-Z0-9._-]{1,64}$';
/** @see API page CreateSecretStage */
export const STAGE_NAME_PATTERN = '^[a-zA-Z0-9_-]{1,64}$';
/** @see API page CreateSecretEvent */
export const EVENT_NAME_PATTERN = '^[a-zA-Z0-9_-]{1,64}$';
/** The version id of a stage body: the shape allows more than can exist. @see API page UpdateSecretStage */
export const VERSION_ID_PATTERN = '^v[0-9]{0,63}$';

const SECRET_NAME = new RegExp(SECRET_NAME_PATTERN);
const STAGE_NAME = new RegExp(STAGE_NAME_PATTERN);
const EVENT_NAME = new RegExp(EVENT_NAME_PATTERN);
const VERSION_ID = new RegExp(VERSION_ID_PATTERN);
const PATH_VERSION_ID = /^v[0-9]{1,10}$/;

/** The stages that the service moves by itself; they cannot be deleted. */
export const SYSCURRENT = 'SYSCURRENT';
export const SYSPREVIOUS = 'SYSPREVIOUS';
/** Marks the version that a rotation is bringing into use; otherwise a stage like those of users. */
export const SYSPENDING = 'SYSPENDING';

/** True for a name that a secret may have. `.` and `..` would change the meaning of a path. */
export function isSecretName(name: string): boolean {
  return SECRET_NAME.test(name) && name !== '.' && name !== '..';
}

/** Throws invalid-parameter unless a secret can have this name. */
export function requireSecretName(name: string, parameter = 'secret_name'): string {
  if (isSecretName(name)) return name;
  throw invalidParameter(parameter, 'must be 1 to 64 letters, digits, ".", "_" or "-", and not "." or ".."');
}

/** Throws invalid-parameter unless a stage can have this name. */
export function requireStageName(name: string, parameter = 'stage_name'): string {
  if (STAGE_NAME.test(name)) return name;
  throw invalidParameter(parameter, 'must be 1 to 64 letters, digits, "_" or "-"');
}

/** Throws invalid-parameter unless an event can have this name. */
export function requireEventName(name: string, parameter = 'event_name'): string {
  if (EVENT_NAME.test(name)) return name;
  throw invalidParameter(parameter, 'must be 1 to 64 letters, digits, "_" or "-"');
}

/** True for the two stages that the service itself moves. */
export function isBuiltInStage(name: string): boolean {
  return name === SYSCURRENT || name === SYSPREVIOUS;
}

/**
 * The number in a version id of a path, `v1` to `v9999999999`. No version has a number with leading zeros. Throws
 * invalid-parameter for another shape.
 */
export function parseVersionNumber(id: string, parameter = 'version_id'): number {
  if (!PATH_VERSION_ID.test(id)) throw invalidParameter(parameter, 'must be "v" and 1 to 10 digits');
  return versionNumber(id);
}

/**
 * The number in a version id of a stage body. The shape allows more than can exist; 0, which is never a version's
 * number, stands for "no such version". Throws invalid-parameter for another shape.
 */
export function parseStageVersion(id: string): number {
  if (!VERSION_ID.test(id)) throw invalidParameter('version_id', 'must be "v" and up to 63 digits');
  return versionNumber(id);
}

function versionNumber(id: string): number {
  const number = Number(id.slice(1));
  return `v${number}` === id ? number : 0;
}

/** The wire form of a version's number. */
export function versionId(number: number): string {
  return `v${number}`;
}
