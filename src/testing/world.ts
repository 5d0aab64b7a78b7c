import { type Control, type ControlCall, parseAnswer } from './control.ts';
import { CsmsError } from './csms-error.ts';
import type {
  CsmsApplied,
  CsmsClock,
  CsmsFault,
  CsmsFaults,
  CsmsFilter,
  CsmsHooks,
  CsmsMove,
  CsmsNotification,
  CsmsRequest,
  CsmsSeed,
  CsmsTime,
  CsmsWorld,
} from './types.ts';

/** What the control API answers about a world. */
export type ShownWorld = Pick<CsmsWorld, 'name' | 'from' | 'ttl' | 'credentials' | 'users' | 'env'>;

/** Calls below a world, and parses the response. */
type Call = <T>(method: ControlCall['method'], path: string, body?: unknown) => Promise<T>;

/** Fetches a world by its name. Throws CsmsError: `not-found`. */
export async function findWorld(control: Control, name: string): Promise<CsmsWorld> {
  return createWorld(control, parseAnswer(await control({ method: 'GET', path: pathOf(name) })));
}

/** Makes a world of what the control API answered about it. */
export function createWorld(control: Control, shown: ShownWorld): CsmsWorld {
  const { credentials, env, from, name, ttl, users } = shown;
  const send = (method: ControlCall['method'], path: string, body?: unknown) =>
    control({ method, path: `${pathOf(name)}${path}`, body });
  const call: Call = async (method, path, body) => parseAnswer(await send(method, path, body));
  const remove = (path: string) => send('DELETE', path).then(() => undefined);
  return {
    name,
    from,
    ttl,
    credentials,
    users,
    env,
    clock: createClock(call),
    faults: createFaults(call, remove),
    seed: createSeed(control, name),
    requests: async (filter) =>
      (await call<{ requests: CsmsRequest[] }>('GET', `/requests${queryOf(filter)}`)).requests,
    notifications: async (filter) => {
      const answer = await call<{ notifications: CsmsNotification[] }>(
        'GET',
        `/notifications${queryOf(filter)}`,
      );
      return answer.notifications;
    },
    async quota(limits) {
      if (limits === null) await remove('/quota');
      return limits ? call('PUT', '/quota', limits) : call('GET', '/quota');
    },
    hooks: (hooks) =>
      hooks === undefined ? call<CsmsHooks>('GET', '/hooks') : call<CsmsHooks>('PUT', '/hooks', hooks),
    async reset() {
      await send('POST', '/reset');
    },
    async fork(options) {
      const body = { from: name, ...options };
      return createWorld(control, parseAnswer(await control({ method: 'POST', path: '/worlds', body })));
    },
    delete: () => remove(''),
    async [Symbol.asyncDispose]() {
      await remove('').catch((error: unknown) => {
        if (!(error instanceof CsmsError && error.code === 'not-found')) throw error;
      });
    },
  };
}

function createClock(call: Call): CsmsClock {
  return {
    now: async () => (await call<CsmsTime>('GET', '/clock')).now,
    freeze: () => call<CsmsTime>('POST', '/clock/freeze'),
    resume: () => call<CsmsTime>('POST', '/clock/resume'),
    advance: (by) => call<CsmsMove>('POST', '/clock/advance', isDuration(by) ? { by } : { to: by }),
    set: (to) => call<CsmsMove>('POST', '/clock/set', { to }),
  };
}

/** Anything else is meant as a time, and refused as one. */
function isDuration(text: string | Date): boolean {
  return typeof text === 'string' && /^\d+(?:ms|s|m|h|d)$/.test(text);
}

function createFaults(call: Call, remove: (path: string) => Promise<void>): CsmsFaults {
  return {
    add: (rule) => call<CsmsFault>('POST', '/faults', rule),
    list: async () => (await call<{ faults: CsmsFault[] }>('GET', '/faults')).faults,
    remove: (id) => remove(`/faults/${encodeURIComponent(id)}`),
    clear: () => remove('/faults'),
  };
}

function createSeed(control: Control, name: string): CsmsSeed {
  const path = `${pathOf(name)}/seed`;
  return {
    async apply(seed): Promise<CsmsApplied> {
      return parseAnswer(await control({ method: 'PUT', path, body: seedText(seed) }));
    },
    export: () => control({ method: 'GET', path }),
  };
}

/** The text of a seed that may be an object: JSON is YAML. */
export function seedText(seed: string | object): string {
  return typeof seed === 'string' ? seed : `${JSON.stringify(seed, null, 2)}\n`;
}

function queryOf(filter: CsmsFilter = {}): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(filter)) if (value !== undefined) query.set(name, `${value}`);
  return query.size === 0 ? '' : `?${query}`;
}

function pathOf(name: string): string {
  return `/worlds/${encodeURIComponent(name)}`;
}
