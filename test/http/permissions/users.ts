import { OPERATIONS, type Operation, type OperationId } from '../../../src/core/operations.ts';
import { TABLE_OPERATIONS } from '../../policy/tables.ts';
import { ADMIN, member, type TestIdentities, type TestUser } from '../../support/server.ts';
import { PAYMENTS } from './fixtures.ts';

/** What an operation takes by the table: on what it names, and on a key or on each of its items. */
export interface Demand {
  readonly id: OperationId;
  readonly action: string;
  readonly others: readonly string[];
}

/** Every operation that takes an action, by the table. */
export const DEMANDS: readonly Demand[] = Object.entries<Operation>(OPERATIONS).flatMap(
  ([id, { action }]) => {
    if (action === undefined) return [];
    const own = TABLE_OPERATIONS.get(id);
    const each = TABLE_OPERATIONS.get(`${id} per item`);
    const [first = '', ...others] = [own, each].flatMap((row) => (row ? [row.action, ...row.needs] : []));
    return [{ id: id as OperationId, action: first, others }];
  },
);

type Statements = readonly object[];
const allow = (Action: readonly string[], more = {}) => ({ Effect: 'Allow', Action, ...more });
const deny = (Action: readonly string[], more = {}) => ({ Effect: 'Deny', Action, ...more });
const ALL = allow(['csms:*:*', 'kms:*:*']);
const TAGGED = { Condition: { StringEquals: { 'g:ResourceTag/seen': 'yes' } } };
const SEEN = ['csms:*:*:secretName:seen-*', 'kms:*:*:KeyId:none'];
const HALF = [...'01234567'].map((digit) => `kms:*:*:KeyId:${digit}*`);

/** What the users may do who differ from all others by more than one operation. */
const STATEMENTS: Readonly<Record<string, Statements>> = {
  'by-path': [allow(['csms:*:*'], { Resource: SEEN }), allow(['kms:*:*'], { Resource: SEEN })],
  'by-digit': [allow(['kms:*:*'], { Resource: HALF })],
  keyless: [allow(['csms:*:*']), allow(['kms:*:*'], TAGGED)],
  'by-tag': [allow(['csms:*:*', 'kms:*:*'], TAGGED)],
  'not-by-tag': [
    ALL,
    deny(['csms:*:*', 'kms:*:*'], { Condition: { StringNotEquals: TAGGED.Condition.StringEquals } }),
  ],
};

/** May do nothing. */
export const NOBODY: TestUser = member('nobody');
/** May do everything, in the project ALPHA, to what is in the enterprise project `payments`. */
export const PAYER: TestUser = member('payer');
/** May do exactly what the operation takes. */
export const onlyUser = ({ id }: Demand): TestUser => member(`only-${id}`);
/** May do everything but the operation’s action. */
export const allButUser = ({ id }: Demand): TestUser => member(`all-but-${id}`);
/** May do what the operation takes but for one of the others. */
export const lackingUser = ({ id }: Demand, index: number): TestUser => member(`lacking-${index}-${id}`);
/** Those who may do everything, but not see everything. */
export const SEEING: readonly TestUser[] = [...['by-path', 'by-tag', 'not-by-tag'].map(member), PAYER];
/** May do everything to secrets, and to keys with a tag that none has. */
export const KEYLESS: TestUser = member('keyless');
/** Sees secrets whose names begin with `seen-`. */
export const BY_PATH: TestUser = member('by-path');
/** Sees keys whose ids begin with 0 to 7. */
export const BY_DIGIT: TestUser = member('by-digit');

/** All of them. */
export function identities(): TestIdentities {
  const statements = new Map<string, Statements>(Object.entries(STATEMENTS));
  for (const demand of DEMANDS) {
    const { action, others } = demand;
    statements.set(onlyUser(demand).name, [allow([action, ...others])]);
    statements.set(allButUser(demand).name, [ALL, deny([action])]);
    others.forEach((other, index) => {
      const rest = [action, ...others].filter((one) => one !== other);
      statements.set(lackingUser(demand, index).name, [allow(rest)]);
    });
  }
  const own = [...statements].map(([name]) => [name, { policies: [name] }] as const);
  return {
    enterpriseProjects: [PAYMENTS],
    policies: [...statements].map(([name, Statement]) => ({ name, document: { Version: '5.0', Statement } })),
    users: {
      ...Object.fromEntries(own),
      [ADMIN.name]: { policies: ['everything'] },
      [NOBODY.name]: { policies: [] },
      [PAYER.name]: { policies: [{ policy: 'everything', enterprise_projects: [PAYMENTS.name] }] },
    },
  };
}
