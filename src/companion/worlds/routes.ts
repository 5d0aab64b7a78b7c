import type { KeyObject } from 'node:crypto';
import { type Static, Type } from '@sinclair/typebox';
import type { FastifyRequest } from 'fastify';
import { issueProjectToken } from '../../compose/identity.ts';
import { clientVariables } from '../../config/client-variables.ts';
import { clockBody } from '../clock/routes.ts';
import type { ControlApp } from '../control/app.ts';
import { ControlError, invalidMember } from '../control/control-error.ts';
import { parseDuration } from '../times.ts';
import type { TestWorld } from './test-world.ts';
import type { TestWorlds } from './test-worlds.ts';

/** What the routes of worlds work with. */
export interface WorldsDeps {
  readonly worlds: TestWorlds;
  readonly region: string;
  /** The server's address behind a proxy that ends TLS, for who calls it by that. */
  readonly publicUrl: string | undefined;
  readonly tokenKey: KeyObject;
  readonly tokenLifetimeMs: number;
  /** Brings main back to the seed that was applied last. Rejects with ControlError (no-seed). */
  resetMain(): Promise<void>;
}

const TTL_MS = { min: 1_000, max: 86_400_000, otherwise: '1h' };
const text = (pattern: string) => Type.Optional(Type.String({ pattern }));
/** As the settings CSMS_DEV_SK and CSMS_DEV_PASSWORD. */
const PLAIN = '^[A-Za-z0-9!%*+,./:=?@^_{}[\\]-]{8,128}$';
const FORK = Type.Object(
  {
    name: text('^[a-z][a-z0-9-]{0,31}$'),
    from: Type.Optional(Type.String({ maxLength: 64 })),
    ttl: Type.Optional(Type.String({ maxLength: 16 })),
    credentials: Type.Optional(
      Type.Object(
        { ak: text('^[A-Za-z0-9_-]{1,128}$'), sk: text(PLAIN), password: text(PLAIN) },
        { additionalProperties: false },
      ),
    ),
  },
  { additionalProperties: false },
);
const NOTHING = Type.Object({}, { additionalProperties: false });

/** Adds worlds to the control API: their list, each of them, forks, resets and ends. */
export function registerWorlds(control: ControlApp, deps: WorldsDeps): void {
  const { worlds } = deps;
  control.get('/_csms/worlds', () => ({ worlds: worlds.all().map(rowOf) }));
  control.post('/_csms/worlds', { schema: { body: FORK } }, async (request, reply) => {
    const { credentials = {}, name, ...wish } = request.body as Static<typeof FORK>;
    const ttl = ttlOf(wish.ttl);
    const from = worlds.find(wish.from ?? worlds.main.name);
    if (from === undefined) throw new ControlError('not-found', 'from names no world');
    const made = await worlds.fork({ name, from, ttl, credentials });
    reply.code(201);
    return show(deps, made, request);
  });
  control.get('/_csms/worlds/:world', (request) => show(deps, request.testWorld, request));
  control.post('/_csms/worlds/:world/reset', { schema: { body: NOTHING } }, async (request) => {
    const { testWorld } = request;
    if (testWorld !== worlds.main) return show(deps, await worlds.reset(testWorld), request);
    await deps.resetMain();
    return show(deps, worlds.main, request);
  });
  control.delete('/_csms/worlds/:world', { schema: { body: NOTHING } }, (request, reply) => {
    if (request.testWorld === worlds.main) throw new ControlError('main-stays', 'main cannot be deleted');
    worlds.remove(request.testWorld);
    reply.code(204).send();
  });
}

function ttlOf(given: string = TTL_MS.otherwise): { readonly text: string; readonly ms: number } {
  const ms = parseDuration(given);
  if (ms !== undefined && ms >= TTL_MS.min && ms <= TTL_MS.max) return { text: given, ms };
  throw invalidMember('ttl', 'must be a duration from 1s to 24h, such as 30s or 1h');
}

function rowOf({ clock, from, name, ttl }: TestWorld) {
  return { name, from, ttl, clock: clockBody(clock) };
}

/** A world with the credentials of all of its users. */
function show(deps: WorldsDeps, testWorld: TestWorld, request: FastifyRequest) {
  const { publicUrl, region, tokenKey, tokenLifetimeMs: lifetimeMs } = deps;
  const users = testWorld.users.list();
  const [first] = users;
  const endpoint = endpointOf(request, publicUrl);
  const projectId = first?.user.projects[0]?.id ?? null;
  const userId = first?.user.id ?? '';
  const token = projectId && issueProjectToken(testWorld.world, tokenKey, { userId, projectId, lifetimeMs });
  const { user } = first ?? {};
  const env = clientVariables({
    endpoint,
    region,
    accessKeyId: first?.ak ?? '',
    secretKey: first?.sk ?? '',
    projectId: projectId ?? '',
    domainId: user?.domainId ?? '',
    domainName: user?.domainName ?? '',
    userName: user?.name ?? '',
    password: first?.password ?? '',
  });
  return {
    ...rowOf(testWorld),
    credentials: {
      endpoint,
      ak: first?.ak ?? null,
      sk: first?.sk ?? null,
      project_id: projectId,
      token: token ?? null,
      user: user?.name ?? null,
      domain: user?.domainName ?? null,
      password: first?.password ?? null,
    },
    users: users.map(({ ak, password, sk, user: { name } }) => ({ name, ak, sk, password })),
    env,
  };
}

/** The server's address as the caller has it, right behind a published port too. */
function endpointOf({ headers, raw }: FastifyRequest, publicUrl: string | undefined): string {
  if (publicUrl !== undefined && new URL(publicUrl).host === headers.host) return publicUrl;
  const scheme = 'encrypted' in raw.socket ? 'https' : 'http';
  return `${scheme}://${headers.host}`;
}
