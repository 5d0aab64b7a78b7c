import { isRefusal } from '../../core/errors.ts';
import { requireDescription, requireText } from '../../core/fields.ts';
import { RECOVERY_WINDOW_DAYS } from '../../core/limits.ts';
import { EVENT_NAME_PATTERN, requireSecretName } from '../../core/names.ts';
import { requireRotationFits } from '../../core/rotation/rotation.ts';
import type { SecretDraft, SecretState, Tag } from '../../core/secrets/secrets.ts';
import { requireTagKey, requireTagValue } from '../../core/secrets/tags.ts';
import { secretTypesWith } from '../../core/secrets/types.ts';
import { entriesOf, problemAt, type TextRule, textOf, type YamlNode } from '../../yaml/yaml-node.ts';
import {
  checked,
  idOf,
  optionalDeletion,
  optionalFlag,
  optionalText,
  optionalTime,
  optionalWord,
  problem,
  type Reading,
  reasonOf,
  requiredText,
  requireFirst,
  tagsOf,
  timeOrNow,
  writtenAt,
} from './members.ts';
import type { SeedSecret, SeedTime, Written } from './seed.ts';
import { KEY_NAME, readVersions, SHORT_MEMBERS } from './version-entries.ts';

const MEMBERS = [
  ...SHORT_MEMBERS,
  'name',
  'id',
  'kms_key_id',
  'description',
  'secret_type',
  'state',
  'versions',
  'auto_rotation',
  'rotation_period',
  'rotation_config',
  'rotation_func_urn',
  'event_subscriptions',
  'enterprise_project_id',
  'tags',
  'create_time',
  'update_time',
  'scheduled_delete_time',
];
const STATES = ['ENABLED', 'DISABLED', 'FROZEN', 'PENDING_DELETE'] as const satisfies readonly SecretState[];
const EVENT_NAME: TextRule = {
  pattern: new RegExp(EVENT_NAME_PATTERN),
  rule: 'the name of an event: 1 to 64 letters, digits, "_" or "-"',
};
const ENTERPRISE_PROJECT: TextRule = { pattern: /^[\s\S]{1,36}$/, rule: '1 to 36 characters' };
const atMost = (characters: number): TextRule => ({
  pattern: new RegExp(`^[\\s\\S]{0,${characters}}$`, 'u'),
  rule: `at most ${characters} characters`,
});

/** Reads a secret. Throws FileError. @see CSMS API, CreateSecret */
export function readSecret(reading: Reading, node: YamlNode): SeedSecret {
  const written = writtenAt(node, MEMBERS);
  const { limits, nowMs, seen } = reading;
  const name = requiredText(written, 'name');
  checked(written, () => requireSecretName(name, 'name'));
  requireFirst(written, 'name', { kind: 'secret', text: name, seen });
  const draft = readDraft(reading, written);
  checked(written, () => requireRotationFits(draft));
  const scheduledDeleteTime = optionalDeletion(written, nowMs, RECOVERY_WINDOW_DAYS.max);
  return {
    ...written,
    name,
    id: idOf(written, 'id', { kind: 'secret', name, reading }),
    draft,
    keyName: optionalText(written, 'kms_key_id', KEY_NAME),
    state: readState(written, scheduledDeleteTime),
    tags: tagsOf(written, { limit: limits.tags, refuse: refuseTag }).sort(byKey),
    versions: readVersions(reading, written),
    createTime: timeOrNow(written, 'create_time', nowMs),
    updateTime: optionalTime(written, 'update_time', nowMs),
    scheduledDeleteTime,
  };
}

function readDraft({ projectId, region }: Reading, written: Written): SecretDraft {
  const text = (name: string, rule?: TextRule) => {
    const found = optionalText(written, name, rule);
    if (found !== undefined) checked(written, () => requireText(found, name));
    return found;
  };
  const description = text('description') ?? '';
  checked(written, () => requireDescription(description));
  const config = text('rotation_config', atMost(1_024));
  const functionName = text('rotation_func_urn', atMost(255));
  const urn = `urn:fss:${region}:${projectId}:function:default:${functionName}`;
  return {
    description,
    secretType:
      optionalWord(
        written,
        'secret_type',
        secretTypesWith(() => true),
      ) ?? 'COMMON',
    autoRotation: optionalFlag(written, 'auto_rotation') ?? false,
    rotationPeriod: text('rotation_period', atMost(50)),
    rotationConfig: config,
    rotationFuncUrn: functionName && !functionName.includes(':') ? urn : functionName,
    eventSubscriptions: readSubscriptions(written),
    enterpriseProjectId: text('enterprise_project_id', ENTERPRISE_PROJECT) ?? '0',
  };
}

function readSubscriptions({ fields }: Written): string[] {
  const nodes = entriesOf(fields.get('event_subscriptions'));
  // As many as the API accepts.
  if (nodes[1] !== undefined) throw problemAt(nodes[1], 'is one too many: a secret subscribes to one event');
  return nodes.map((node) => textOf(node, EVENT_NAME));
}

/** The state that the secret has beside a scheduled deletion, which needs no other word than its time. */
function readState(written: Written, deletion: SeedTime | undefined): SeedSecret['state'] {
  const state = optionalWord(written, 'state', STATES);
  if (state === 'PENDING_DELETE') {
    if (deletion === undefined) throw problem(written, 'state', 'needs scheduled_delete_time');
    return 'ENABLED';
  }
  if (state === 'FROZEN' && deletion !== undefined)
    throw problem(written, 'scheduled_delete_time', 'is not possible for a frozen secret');
  return state ?? 'ENABLED';
}

function refuseTag({ key, value }: Tag): string | undefined {
  try {
    requireTagKey(key, 'key');
    requireTagValue(value, 'value');
    return undefined;
  } catch (error) {
    if (!isRefusal(error)) throw error;
    return error.parameter === 'key' ? `key ${reasonOf(error)}` : reasonOf(error);
  }
}

/** By the bytes of the keys, as they are stored. */
function byKey(one: Tag, other: Tag): number {
  return Buffer.compare(Buffer.from(one.key), Buffer.from(other.key));
}
