import { OPERATIONS, type Operation } from '../operations.ts';
import { ACTIONS, type Action, type KeyLetter, type ResourceKind, type ServiceName } from './actions.ts';
import { CONDITION_KEYS, type ConditionKey, type ValueType } from './keys.ts';

/** What a service's policies can be about. @see IAM API, GetAuthorizationSchemaV5 */
export interface AuthorizationSchema {
  readonly version: string;
  readonly actions: {
    readonly name: string;
    readonly access_level: string;
    readonly permission_only: boolean;
    readonly aliases: string[];
    /** Of the request. */
    readonly condition_keys: string[];
    readonly resources: {
      readonly urn_template: string;
      readonly required: boolean;
      readonly condition_keys: string[];
    }[];
  }[];
  readonly conditions: {
    readonly key: string;
    readonly value_type: string;
    readonly multi_valued: boolean;
  }[];
  readonly operations: {
    readonly operation_id: string;
    readonly operation_action: string;
    readonly dependent_actions: string[];
  }[];
  readonly resources: { readonly type_name: string; readonly urn_template: string }[];
}

const VERSION = '1.0';
const RESOURCES: Readonly<
  Record<ResourceKind, { readonly type_name: string; readonly urn_template: string }>
> = {
  secret: {
    type_name: 'secretName',
    urn_template: 'csms:<region>:<account-id>:secretName:<secret-name>',
  },
  key: { type_name: 'KeyId', urn_template: 'kms:<region>:<account-id>:KeyId:<key-id>' },
};
/** Keys of these are about the request; the others are about the resource. */
const OF_REQUEST: ReadonlySet<KeyLetter> = new Set(['Q', 'a', 'D', 'A']);
const VALUE_TYPES: Readonly<Record<ValueType, string>> = {
  string: 'string',
  number: 'numeric',
  date: 'date',
  bool: 'boolean',
  ip: 'ip_address',
};

/** Describes a service by the tables of actions, condition keys and operations. */
export function authorizationSchema(service: ServiceName): AuthorizationSchema {
  const actions = [...ACTIONS.values()].filter((action) => action.service === service);
  const kinds = new Set(actions.flatMap(({ resource }) => resource ?? []));
  return {
    version: VERSION,
    actions: actions.map(describeAction),
    conditions: CONDITION_KEYS.filter((key) => actions.some((action) => has(action, key))).map((key) => ({
      key: written(key),
      value_type: VALUE_TYPES[key.type],
      multi_valued: key.isMulti === true,
    })),
    operations: describeOperations(service),
    resources: [...kinds].map((kind) => RESOURCES[kind]),
  };
}

function describeAction(action: Action): AuthorizationSchema['actions'][number] {
  const keys = CONDITION_KEYS.filter((key) => has(action, key));
  const isOfRequest = ({ letter }: ConditionKey) => letter !== undefined && OF_REQUEST.has(letter);
  const ofResource = keys.filter((key) => !isOfRequest(key)).map(written);
  const { resource } = action;
  return {
    name: action.id,
    access_level: action.level.toLowerCase(),
    permission_only: false,
    aliases: [...action.aliases],
    condition_keys: keys.filter(isOfRequest).map(written),
    resources:
      resource === undefined
        ? []
        : [{ urn_template: RESOURCES[resource].urn_template, required: true, condition_keys: ofResource }],
  };
}

function has({ keys }: Action, { letter }: ConditionKey): boolean {
  return letter !== undefined && keys.has(letter);
}

function written({ isOfTags, name }: ConditionKey): string {
  return isOfTags === true ? `${name}/<tag-key>` : name;
}

function describeOperations(service: ServiceName): AuthorizationSchema['operations'] {
  return Object.entries<Operation>(OPERATIONS).flatMap(([operation_id, { action, each, needs = [] }]) => {
    if (action === undefined || ACTIONS.get(action)?.service !== service) return [];
    const dependent_actions = [...needs, ...(each === undefined ? [] : neededForEach(each))];
    return {
      operation_id,
      operation_action: action,
      dependent_actions: dependent_actions.filter((id) => id !== action),
    };
  });
}

/** What a batch needs for each of its items. */
function neededForEach(each: string): string[] {
  const [, { action = [], needs = [] } = {}] =
    Object.entries<Operation>(OPERATIONS).find(([id]) => id === each) ?? [];
  return [action, ...needs].flat();
}
