import { type TObject, Type } from '@sinclair/typebox';
import type { FastifyReply } from 'fastify';
import type { ControlApp } from '../control/app.ts';
import { ControlError, invalidMember } from '../control/control-error.ts';
import { parseDuration } from '../times.ts';
import type { TestWorld } from '../worlds/test-world.ts';
import type { TestWorlds } from '../worlds/test-worlds.ts';
import { type Conditions, createFilter } from './filters.ts';
import { ENTRIES_MAX, type Numbered, type NumberedList } from './numbered-list.ts';
import { waitFor } from './waits.ts';

const WAIT_MS_MAX = 60_000;
/** Waits at one time, over all lists: each holds a connection, of which one address has twice as many. */
const WAITS_MAX = 128;
const PATTERN_CHARACTERS_MAX = 1_024;

/** What a query says beside its conditions. */
interface Query {
  readonly since?: number;
  readonly count?: number;
  readonly wait?: string;
  readonly [member: string]: unknown;
}

/** A list as the control API shows it. */
export interface ShownList<T extends Numbered> {
  /** The last part of its path, and the member that holds the entries. */
  readonly noun: string;
  /** The members that a query can name. */
  readonly members: readonly (keyof T & string)[];
  /** What a query can ask of `status`, which is one of few; anything else is a mistake that would find nothing. */
  readonly statuses: { readonly pattern: RegExp; readonly rule: string };
  listOf(world: TestWorld): NumberedList<T>;
}

/** What the lists of all worlds share. */
export interface ListDeps {
  readonly worlds: TestWorlds;
  /** Aborted when the server stops. */
  readonly stopping: AbortSignal;
}

/** Returns a function that adds the routes of one list to the control API; all of them share the places for waits. */
export function createListRoutes(control: ControlApp, deps: ListDeps) {
  let waits = 0;

  /** Returns why it failed; undefined: there are enough. */
  async function waitInPlace<T extends Numbered>(
    list: NumberedList<T>,
    wanted: Parameters<typeof waitFor<T>>[1],
  ): Promise<string | undefined> {
    const waitMs = waits < WAITS_MAX ? wanted.waitMs : 0;
    waits += 1;
    const isFound = await waitFor(list, { ...wanted, waitMs }).finally(() => {
      waits -= 1;
    });
    if (isFound) return undefined;
    if (deps.stopping.aborted) return 'the server stops';
    if (waitMs < wanted.waitMs) return `${WAITS_MAX} requests wait already`;
    return 'fewer entries than count fit';
  }

  return <T extends Numbered>({ listOf, members, noun, statuses }: ShownList<T>): void => {
    const url = `/_csms/worlds/:world/${noun}`;
    control.get(url, { schema: { querystring: querySchema(members) } }, async (request, reply) => {
      const { count = 1, since, wait, ...conditions } = request.query as Query;
      const { testWorld } = request;
      const { status } = conditions;
      if (status !== undefined && !statuses.pattern.test(String(status)))
        throw invalidMember('status', statuses.rule);
      const waitMs = wait === undefined ? undefined : waitOf(wait);
      const fits = createFilter(conditions as Conditions<T>, since);
      const list = listOf(testWorld);
      const shown = () => ({ [noun]: list.entries().filter(fits), last: list.last() });
      if (waitMs === undefined) return shown();
      const ends = [testWorld.life, deps.stopping, goneSignal(reply)];
      const failure = await waitInPlace(list, { fits, count, waitMs, ends });
      if (failure === undefined) return shown();
      if (!testWorld.life.aborted) throw new ControlError('timeout', failure, shown());
      if (deps.worlds.find(testWorld.name) !== undefined) {
        throw new ControlError('timeout', 'the world has been reset', shown());
      }
      throw new ControlError('not-found', 'the world has been deleted');
    });
    control.delete(url, (request, reply) => {
      listOf(request.testWorld).clear();
      reply.code(204).send();
    });
  };
}

function querySchema(members: readonly string[]): TObject {
  const pattern = Type.Optional(Type.String({ maxLength: PATTERN_CHARACTERS_MAX }));
  return Type.Object(
    {
      ...Object.fromEntries(members.map((member) => [member, pattern])),
      since: Type.Optional(Type.Integer({ minimum: 0 })),
      count: Type.Optional(Type.Integer({ minimum: 1, maximum: ENTRIES_MAX })),
      wait: Type.Optional(Type.String()),
    },
    { additionalProperties: false },
  );
}

function waitOf(text: string): number {
  const ms = parseDuration(text);
  if (ms !== undefined && ms <= WAIT_MS_MAX) return ms;
  throw invalidMember('wait', 'must be a duration of at most 60s, such as 250ms or 30s');
}

/** Aborted when the client is gone. */
function goneSignal({ raw }: FastifyReply): AbortSignal {
  const gone = new AbortController();
  raw.once('close', () => gone.abort());
  return gone.signal;
}
