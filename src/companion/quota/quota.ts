import { type Static, Type } from '@sinclair/typebox';
import type { Choices, Clock } from '../../app/ports/deps.ts';
import { createRateLimiter } from '../../auth/logins/throttle.ts';
import { LIMIT_BOUNDS, type Limits } from '../../core/limits.ts';
import { invalidMember } from '../control/control-error.ts';

/** Requests in one second and by one user, at most. */
const REQUESTS_PER_SECOND_MAX = 1_000_000;
/** What the real service allows. @see CSMS user guide, quotas; API pages, request throttling */
const HUAWEI = Object.freeze({
  'requests-per-second': 20,
  secrets: 500,
  versions: 20,
  stages: 12,
  tags: 20,
  events: 30,
  'value-bytes': 65_536,
});

const figure = (name: keyof Limits) =>
  Type.Optional(Type.Integer({ minimum: LIMIT_BOUNDS[name].min, maximum: LIMIT_BOUNDS[name].max }));

/** The members of a quota: a profile, or figures. */
export const QuotaBody = Type.Object(
  {
    profile: Type.Optional(Type.String({ enum: ['huawei'] })),
    'requests-per-second': Type.Optional(Type.Integer({ minimum: 1, maximum: REQUESTS_PER_SECOND_MAX })),
    secrets: figure('secrets'),
    versions: figure('versions'),
    stages: figure('stages'),
    tags: figure('tags'),
    events: figure('events'),
    'value-bytes': figure('valueBytes'),
  },
  { additionalProperties: false },
);

type QuotaMembers = Static<typeof QuotaBody>;

/** What holds without a quota: the settings of the server. */
export interface ServerLimits {
  readonly limits: Limits;
  /** Requests per second and user; absent: any number. */
  readonly rateLimit: number | undefined;
}

/** How much a world takes; tests change it while requests run. */
export interface Quota {
  readonly limits: Limits;
  /** Counts a request of a user, by the machine's clock. Throws throttled when none is left. */
  takeRequest(userId: string): void;
  /** Puts a quota in place of the present one: what it does not name is the server's. Throws ControlError (invalid). */
  set(members: QuotaMembers): void;
  /** Back to the server's. */
  clear(): void;
  /** All figures that hold, and the profile that they are of. */
  show(): Readonly<Record<string, unknown>>;
}

interface Present extends ServerLimits {
  readonly profile: string | undefined;
  takeRequest(userId: string): void;
}

/**
 * Creates the quota of one world, at first the server's. It holds for what is added from then on: what is there stays.
 * `machine`: by whose time requests are counted.
 */
export function createQuota(server: ServerLimits, machine: Clock): Quota {
  const without = presentOf({ ...server, profile: undefined }, machine);
  let present = without;
  return {
    get limits() {
      return present.limits;
    },
    takeRequest: (userId) => present.takeRequest(userId),
    set({ profile, ...figures }) {
      if (profile !== undefined && Object.keys(figures).length > 0) {
        throw invalidMember('profile', 'cannot be together with figures');
      }
      present = presentOf(
        { profile, ...limitsOf(profile === undefined ? figures : HUAWEI, server) },
        machine,
      );
    },
    clear() {
      present = without;
    },
    show: () => shown(present),
  };
}

/** The choices of an operator, with the limits of a quota as it is each time. */
export function quotaChoices(choices: Choices, quota: Pick<Quota, 'limits'>): Choices {
  return {
    ...choices,
    get limits() {
      return quota.limits;
    },
  };
}

function presentOf(given: ServerLimits & Pick<Present, 'profile'>, clock: Clock): Present {
  const { rateLimit: perSecond } = given;
  const takeRequest =
    perSecond === undefined ? () => undefined : createRateLimiter({ clock, perSecond }).take;
  return { ...given, takeRequest };
}

function limitsOf(figures: QuotaMembers, server: ServerLimits): ServerLimits {
  const {
    'requests-per-second': rateLimit = server.rateLimit,
    'value-bytes': valueBytes,
    ...others
  } = figures;
  const limits = { ...server.limits, ...others, ...(valueBytes !== undefined && { valueBytes }) };
  return { limits: Object.freeze(limits), rateLimit };
}

function shown({ limits: { valueBytes, ...others }, profile, rateLimit }: Present) {
  return {
    ...(profile !== undefined && { profile }),
    'requests-per-second': rateLimit ?? null,
    ...others,
    'value-bytes': valueBytes,
  };
}
