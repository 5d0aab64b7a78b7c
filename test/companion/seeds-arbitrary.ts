import fc from 'fast-check';

/** A seed as an object; absent members are left out. */
export interface SeedObject {
  readonly clock?: string;
  readonly keys: readonly object[];
  readonly events: readonly object[];
  readonly secrets: readonly object[];
}

const option = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined, freq: 3 });
const matching = (pattern: RegExp) => fc.stringMatching(pattern);

const text = fc
  .string({ unit: 'binary', maxLength: 30 })
  .filter((given) => given.isWellFormed() && !given.includes('\0'));
const absolute = fc
  .integer({ min: Date.UTC(2027, 0), max: Date.UTC(2036, 0) })
  .map((ms) => new Date(ms).toISOString());
const time = option(fc.oneof(absolute, fc.constantFrom('now', 'now+3d', 'now-7h', 'now+10m', 'now-250ms')));
const eventName = matching(/^[a-zA-Z0-9_-]{1,12}$/);
const secretName = matching(/^[a-zA-Z0-9._-]{1,12}$/).filter((name) => !/^\.{1,2}$/.test(name));
const alias = matching(/^(?:alias\/)?[a-zA-Z0-9:_][a-zA-Z0-9:/_-]{0,12}$/).filter(
  (name) => !name.endsWith('/default') && name !== 'alias/',
);

const key = fc.record({
  key_alias: alias,
  key_description: option(text),
  tags: option(fc.dictionary(matching(/^[a-z0-9 ]{1,6}$/), matching(/^[a-z0-9 ]{0,6}$/), { maxKeys: 3 })),
  rotation_interval: option(fc.integer({ min: 30, max: 365 })),
  enabled: option(fc.boolean()),
  create_time: time,
  scheduled_delete_time: option(fc.constantFrom('now+400d', '2037-01-01T00:00:00Z')),
});
const event = fc.record({
  name: eventName,
  event_types: fc.shuffledSubarray(['SECRET_ROTATED', 'SECRET_DELETED', 'SECRET_VERSION_EXPIRED'], {
    minLength: 1,
  }),
  state: option(fc.constantFrom('ENABLED', 'DISABLED')),
  topic: eventName,
  create_time: time,
  update_time: time,
});
const value = fc.oneof(
  text.filter((given) => given !== '').map((secret_string) => ({ secret_string })),
  fc
    .uint8Array({ minLength: 1, maxLength: 20 })
    .map((bytes) => ({ secret_binary: Buffer.from(bytes).toString('base64') })),
);
const version = fc.record({ value, expire_time: time, create_time: time, gap: fc.nat(3) });
const secret = fc.record({
  members: fc.record({
    name: secretName,
    description: option(text),
    tags: option(
      fc.dictionary(matching(/^[a-zA-Z0-9:=+@-]{1,10}$/), matching(/^[a-zA-Z0-9 :/=+@._-]{0,10}$/), {
        maxKeys: 3,
      }),
    ),
    create_time: time,
    update_time: time,
  }),
  versions: fc.array(version, { minLength: 1, maxLength: 4 }),
  stages: fc.array(fc.tuple(fc.constantFrom('blue', 'green', 'SYSCURRENT', 'SYSPREVIOUS'), fc.nat(5)), {
    maxLength: 4,
  }),
  state: option(fc.constantFrom('ENABLED', 'DISABLED', 'FROZEN', 'leaves')),
  rotates: fc.boolean(),
  keyAt: fc.nat(5),
  eventAt: fc.nat(5),
});

const ROTATION = Object.freeze({
  secret_type: 'RDS-FG',
  auto_rotation: true,
  rotation_period: '30d',
  rotation_config: '{}',
  rotation_func_urn: 'f',
});

type Drawn<A> = A extends fc.Arbitrary<infer T> ? T : never;

/** Seeds that a server accepts, with texts of every kind. */
export const seeds: fc.Arbitrary<SeedObject> = fc
  .record({
    clock: option(absolute),
    keys: fc.uniqueArray(key, {
      maxLength: 4,
      selector: ({ key_alias }) => key_alias.replace(/^alias\//, ''),
    }),
    events: fc.uniqueArray(event, { maxLength: 3, selector: ({ name }) => name }),
    secrets: fc.uniqueArray(secret, { maxLength: 6, selector: ({ members }) => members.name }),
  })
  .map(({ clock, events, keys, secrets }) => {
    const made = secrets.map((drawn) => ({
      ...secretOf(drawn),
      kms_key_id: keys[drawn.keyAt]?.key_alias,
      event_subscriptions: events.slice(drawn.eventAt, drawn.eventAt + 1).map(({ name }) => name),
    }));
    return JSON.parse(JSON.stringify({ csms: 1, clock, keys, events, secrets: made }));
  });

function secretOf({ members, rotates, stages, state, versions }: Drawn<typeof secret>): object {
  const holders = new Map(stages.map(([name, at]) => [name, at]));
  let number = 0;
  return {
    ...members,
    ...(rotates && ROTATION),
    ...(state === 'leaves' ? { scheduled_delete_time: '2037-01-01T00:00:00Z' } : { state }),
    versions: versions.map(({ gap, value: given, ...more }, at) => {
      number += 1 + gap;
      const names = [...holders].filter(([, holder]) => holder === at).map(([name]) => name);
      return { ...given, ...more, ...(gap > 0 && { id: `v${number}` }), version_stages: names };
    }),
  };
}
