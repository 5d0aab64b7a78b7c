import { EVENT_TYPES, type EventTarget } from '../../core/events/events.ts';
import { EVENT_NAME_PATTERN, requireEventName } from '../../core/names.ts';
import { entriesOf, problemAt, type TextRule, textOf, type YamlNode } from '../../yaml/yaml-node.ts';
import {
  checked,
  idOf,
  optionalTime,
  optionalWord,
  problem,
  type Reading,
  requiredMember,
  requiredText,
  requireFirst,
  requireOneOf,
  timeOrNow,
  wordOf,
  writtenAt,
} from './members.ts';
import type { SeedEvent, Written } from './seed.ts';

const TARGET_ID: TextRule = {
  pattern: /^[a-zA-Z0-9._:-]{1,256}$/,
  rule: 'the URN of a topic: 1 to 256 letters, digits or any of ._:-',
};
const TARGET_NAME: TextRule = {
  pattern: new RegExp(EVENT_NAME_PATTERN),
  rule: '1 to 64 letters, digits, "_" or "-"',
};

/** Reads an event. Throws FileError. @see CSMS API, CreateSecretEvent */
export function readEvent(reading: Reading, node: YamlNode): SeedEvent {
  const written = writtenAt(node, [
    'name',
    'id',
    'event_types',
    'state',
    'topic',
    'notification',
    'create_time',
    'update_time',
  ]);
  const { nowMs, seen } = reading;
  const name = requiredText(written, 'name');
  checked(written, () => requireEventName(name, 'name'));
  requireFirst(written, 'name', { kind: 'event', text: name, seen });
  const state = optionalWord(written, 'state', ['ENABLED', 'DISABLED']) ?? 'ENABLED';
  return {
    ...written,
    name,
    id: idOf(written, 'id', { kind: 'event', name, reading }),
    draft: { types: readTypes(written), state, target: readTarget(reading, written) },
    createTime: timeOrNow(written, 'create_time', nowMs),
    updateTime: optionalTime(written, 'update_time', nowMs),
  };
}

function readTypes(written: Written): SeedEvent['draft']['types'] {
  const list = requiredMember(written, 'event_types');
  const types = entriesOf(list).map((entry) => wordOf(entry, EVENT_TYPES));
  if (types.length === 0) throw problemAt(list, 'must name at least one type');
  if (new Set(types).size < types.length) throw problemAt(list, 'must not name a type twice');
  return types;
}

function readTarget({ projectId, region }: Reading, written: Written): EventTarget {
  requireOneOf(written, ['topic', 'notification'], 'must not be given beside topic');
  const topic = written.fields.get('topic');
  if (topic !== undefined) {
    const text = textOf(topic, TARGET_ID);
    const id = text.includes(':') ? text : `urn:smn:${region}:${projectId}:${text}`;
    const name = text.slice(text.lastIndexOf(':') + 1);
    if (!TARGET_NAME.pattern.test(name) || !TARGET_ID.pattern.test(id))
      throw problemAt(topic, `must be the name of a topic, ${TARGET_NAME.rule}, or its URN`);
    return { id, name };
  }
  const notification = written.fields.get('notification');
  if (notification === undefined) throw problem(written, '', 'topic or notification is missing');
  const target = writtenAt(notification, ['target_type', 'target_id', 'target_name']);
  optionalWord(target, 'target_type', ['SMN']);
  return {
    id: requiredText(target, 'target_id', TARGET_ID),
    name: requiredText(target, 'target_name', TARGET_NAME),
  };
}
