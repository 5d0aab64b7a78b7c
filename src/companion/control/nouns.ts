import type { KeyObject } from 'node:crypto';
import type { Config } from '../../config/config.ts';
import { parseAddressRules } from '../../webhook/address-rules.ts';
import { registerClock } from '../clock/routes.ts';
import { registerFaults } from '../faults/routes.ts';
import { registerHooks } from '../hooks/routes.ts';
import { createListRoutes, type ListDeps } from '../lists/routes.ts';
import { NOTIFICATION_MEMBERS } from '../notifications/notification-list.ts';
import { registerQuota } from '../quota/routes.ts';
import { REQUEST_MEMBERS } from '../requests/request-list.ts';
import { registerSeeds } from '../seed/routes.ts';
import type { Seeds } from '../seed/seeds.ts';
import { registerWorlds } from '../worlds/routes.ts';
import type { ControlApp } from './app.ts';

/** A status, a hundred of them, or a pattern of one; null where there was no response. */
const HTTP_STATUSES = {
  pattern: /^(?:[1-5][0-9]{2}|[1-5]xx|(?=[^*]*\*)[0-9*]+|null)$/,
  rule: 'must be a status such as 404, 4xx or 40*, or null',
};
const NOTIFICATION_STATUSES = {
  pattern: /^(?:PENDING|SUCCESS|FAIL|INVALID|(?=[^*]*\*)[A-Z*]+)$/,
  rule: 'must be PENDING, SUCCESS, FAIL or INVALID, or part of one with *',
};

/** What the routes work with. */
export interface NounDeps extends ListDeps {
  readonly config: Config;
  readonly seeds: Seeds;
  readonly tokenKey: KeyObject;
}

/** Adds every noun to the control API. */
export function registerNouns(control: ControlApp, deps: NounDeps): void {
  registerClock(control, deps.stopping);
  registerWorlds(control, {
    worlds: deps.worlds,
    region: deps.config.region,
    publicUrl: deps.config.publicUrl,
    tokenLifetimeMs: deps.config.tokenLifetimeMs,
    tokenKey: deps.tokenKey,
    resetMain: deps.seeds.resetMain,
  });
  registerFaults(control);
  registerQuota(control);
  registerSeeds(control, deps.seeds);
  registerHooks(control, parseAddressRules(deps.config.webhookHosts));
  const registerList = createListRoutes(control, deps);
  registerList({
    noun: 'requests',
    members: REQUEST_MEMBERS,
    statuses: HTTP_STATUSES,
    listOf: ({ requests }) => requests,
  });
  registerList({
    noun: 'notifications',
    members: NOTIFICATION_MEMBERS,
    statuses: NOTIFICATION_STATUSES,
    listOf: ({ notifications }) => notifications,
  });
}
