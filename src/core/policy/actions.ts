/** How far an action reaches: policies are written in these terms, and they say whether a call is a change. */
export type Level = 'List' | 'Read' | 'Write' | 'Tagging' | 'Permission_management';

/** The services that have actions. */
export const SERVICES = ['csms', 'kms', 'cts'] as const;
export type ServiceName = (typeof SERVICES)[number];

/** What an action is done to. */
export type ResourceKind = 'secret' | 'key';

/**
 * Condition keys that only some actions have: E enterprise project, G tags of the resource, Q tags in the request, T type
 * and K key of a secret, V version and S stage, R recovery window, k origin, spec and usage of a key, a its aliases,
 * D pending days, A encryption algorithm.
 */
export type KeyLetter = 'E' | 'G' | 'Q' | 'T' | 'K' | 'V' | 'S' | 'R' | 'k' | 'a' | 'D' | 'A';

type Row = readonly [
  level: 'L' | 'R' | 'W' | 'T' | 'P',
  resource: 'secret' | 'key' | '–',
  /** KeyLetters. */
  keys: string,
  /** Without the service. */
  ...aliases: string[],
];

const [OF_SECRET, OF_KEY] = ['TEG', 'kEG'];

/**
 * Every action. Three-part names, of which the middle may be empty.
 * @see IAM identity policy reference, Cloud Secret Management Service and Key Management Service
 * @see docs/adr/0070-policies.md
 */
const ROWS = {
  'csms:secret:create': ['W', 'secret', 'TKEQ'],
  'csms:secret:list': ['L', 'secret', 'E'],
  'csms:secret:get': ['R', 'secret', OF_SECRET],
  'csms:secret:update': ['W', 'secret', `${OF_SECRET}K`],
  'csms:secret:delete': ['W', 'secret', OF_SECRET],
  'csms:secret:scheduleDeletion': ['W', 'secret', `${OF_SECRET}R`, 'secret:deleteScheduled'],
  'csms:secret:restoreSecret': ['W', 'secret', OF_SECRET, 'secret:deleteCancelled'],
  'csms:secret:rotate': ['W', 'secret', OF_SECRET],
  'csms:secret:createVersion': ['W', 'secret', OF_SECRET, 'secretVersion:create'],
  'csms:secret:listVersion': ['L', 'secret', OF_SECRET, 'secretVersion:list'],
  'csms:secret:getVersion': ['R', 'secret', `${OF_SECRET}V`, 'secretVersion:get'],
  'csms:secret:updateVersion': ['W', 'secret', `${OF_SECRET}V`, 'secretVersion:update'],
  'csms:secret:batchGetSecretValue': ['R', '–', '', 'secretVersion:batchGetSecretValue'],
  'csms:secret:createStage': ['W', 'secret', OF_SECRET, 'secretStage:create'],
  'csms:secret:updateStage': ['W', 'secret', OF_SECRET, 'secretStage:update'],
  'csms:secret:deleteStage': ['W', 'secret', OF_SECRET, 'secretStage:delete'],
  'csms:secret:getStage': ['R', 'secret', `${OF_SECRET}S`, 'secretStage:get'],
  'csms:secret:createTag': ['T', 'secret', `${OF_SECRET}Q`, 'tag:create'],
  'csms:secret:batchCreateOrDeleteTags': ['T', 'secret', `${OF_SECRET}Q`, 'tag:batch'],
  'csms:secret:deleteTag': ['T', 'secret', `${OF_SECRET}Q`, 'tag:delete'],
  'csms:secret:listTags': ['L', 'secret', OF_SECRET, 'tag:getBySecret'],
  'csms:secret:getSecretsByTag': ['L', 'secret', '', 'tag:getSecretByTag'],
  'csms:secret:createGrant': ['P', 'secret', OF_SECRET],
  'csms:secret:updateGrant': ['P', 'secret', OF_SECRET],
  'csms:secret:deleteGrant': ['P', 'secret', OF_SECRET],
  'csms:secret:listGrants': ['L', 'secret', OF_SECRET],
  'csms::listProjectTags': ['L', '–', '', 'tag:getAll'],
  'csms::createEvent': ['W', '–', '', 'event:create'],
  'csms::updateEvent': ['W', '–', '', 'event:update'],
  'csms::deleteEvent': ['W', '–', '', 'event:delete'],
  'csms::getEvent': ['R', '–', '', 'event:get'],
  'csms::listEvents': ['L', '–', '', 'event:list'],
  'csms::listNotificationRecords': ['L', '–', '', 'event:listNotificationRecords'],
  'csms::listTasks': ['L', '–', '', 'task:list'],
  'csms::generatePassword': ['R', '–', ''],
  'csms::checkSecrets': ['R', '–', ''],
  'csms::getConfig': ['R', '–', ''],
  'csms::updateConfig': ['W', '–', ''],
  'csms::listUsers': ['L', '–', ''],
  'csms::getUser': ['R', '–', ''],
  'kms:cmk:create': ['W', 'key', 'kEQ'],
  'kms:cmk:list': ['L', 'key', 'E'],
  'kms:cmk:get': ['R', 'key', OF_KEY],
  'kms:cmk:enable': ['W', 'key', OF_KEY],
  'kms:cmk:disable': ['W', 'key', OF_KEY],
  'kms:cmk:scheduleKeyDeletion': ['W', 'key', `${OF_KEY}D`, 'cmk:update'],
  'kms:cmk:cancelKeyDeletion': ['W', 'key', OF_KEY, 'cmk:update'],
  'kms:cmk:updateKeyAlias': ['W', 'key', OF_KEY, 'cmk:update'],
  'kms:cmk:updateKeyDescription': ['W', 'key', OF_KEY, 'cmk:update'],
  'kms:cmk:createAlias': ['W', 'key', OF_KEY, 'cmk:update'],
  'kms:cmk:deleteAlias': ['W', 'key', OF_KEY, 'cmk:update'],
  'kms:cmk:listAliases': ['L', 'key', 'E', 'cmk:list'],
  'kms:cmk:enableRotation': ['W', 'key', OF_KEY],
  'kms:cmk:disableRotation': ['W', 'key', OF_KEY],
  'kms:cmk:updateRotation': ['W', 'key', OF_KEY],
  'kms:cmk:getRotation': ['R', 'key', OF_KEY],
  'kms:cmk:createTag': ['T', 'key', `${OF_KEY}Q`, 'cmkTag:create'],
  'kms:cmk:createTags': ['T', 'key', `${OF_KEY}Q`, 'cmkTag:batch'],
  'kms:cmk:deleteTag': ['T', 'key', `${OF_KEY}Q`, 'cmkTag:delete'],
  'kms:cmk:getTags': ['R', 'key', OF_KEY, 'cmkTag:list'],
  'kms:cmk:listKeysByTag': ['L', 'key', '', 'cmkTag:listInstance'],
  'kms::listAllTags': ['L', '–', ''],
  'kms::getInstance': ['R', '–', '', 'cmk:getInstance'],
  'kms::getQuota': ['R', '–', '', 'cmk:getQuota'],
  'kms::generateRandom': ['W', '–', '', 'cmk:generate'],
  'kms:cmk:createDataKey': ['W', 'key', `${OF_KEY}a`, 'dek:create'],
  'kms:cmk:createDataKeyWithoutPlaintext': ['W', 'key', `${OF_KEY}a`, 'dek:create'],
  'kms:cmk:encryptDataKey': ['W', 'key', `${OF_KEY}a`, 'dek:crypto', 'dek:encrypt'],
  'kms:cmk:decryptDataKey': ['W', 'key', `${OF_KEY}a`, 'dek:crypto', 'dek:decrypt'],
  'kms:cmk:encryptData': ['W', 'key', `${OF_KEY}aA`, 'cmk:crypto', 'cmk:encrypt'],
  'kms:cmk:decryptData': ['W', 'key', `${OF_KEY}aA`, 'cmk:crypto', 'cmk:decrypt'],
  'cts:trace:list': ['L', '–', ''],
} as const satisfies Readonly<Record<string, Row>>;

/** The name of an action in identity policies. */
export type ActionId = keyof typeof ROWS;

/** What a policy can allow or deny. */
export interface Action {
  readonly id: ActionId;
  readonly service: ServiceName;
  readonly level: Level;
  /** Other full names, mostly those of role policies; one may stand for several actions. */
  readonly aliases: readonly string[];
  /** The id and the aliases in lower case. */
  readonly names: readonly string[];
  /** What it is done to; undefined: to no resource of its own. */
  readonly resource: ResourceKind | undefined;
  /** The condition keys that it has besides those of every action. */
  readonly keys: ReadonlySet<KeyLetter>;
  /** True when it makes its resource: what is known of that is then in the request. */
  readonly isMaking: boolean;
}

const LEVELS = { L: 'List', R: 'Read', W: 'Write', T: 'Tagging', P: 'Permission_management' } as const;
const MAKING: ReadonlySet<string> = new Set<ActionId>(['csms:secret:create', 'kms:cmk:create']);

/** All actions by their ids, in the order of the table. */
export const ACTIONS: ReadonlyMap<ActionId, Action> = new Map(
  Object.entries<Row>(ROWS).map(([id, [level, resource, keys, ...others]]) => {
    const service = id.slice(0, id.indexOf(':'));
    const aliases = others.map((alias) => `${service}:${alias}`);
    const action = {
      id,
      service,
      level: LEVELS[level],
      aliases,
      names: [id, ...aliases].map((name) => name.toLowerCase()),
      resource: resource === '–' ? undefined : resource,
      keys: new Set(keys),
      isMaking: MAKING.has(id),
    };
    // Ids, services and letters are those of `ROWS`.
    return [id as ActionId, Object.freeze(action) as unknown as Action];
  }),
);

/** The action with this id. */
export function actionOf(id: ActionId): Action {
  const action = ACTIONS.get(id);
  if (action === undefined) throw new Error(`no action ${id}`);
  return action;
}

/**
 * The actions that have this name, in any case: the one with this id first, then those with this alias. Empty for an
 * unknown name.
 */
export function findActions(name: string): readonly Action[] {
  const wanted = name.toLowerCase();
  const found = [...ACTIONS.values()].filter(({ names }) => names.includes(wanted));
  return found.sort((a, b) => Number(b.names[0] === wanted) - Number(a.names[0] === wanted));
}
