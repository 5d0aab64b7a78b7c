import { ACTIONS, type ActionId, type ServiceName } from './actions.ts';
import type { PolicyDocument } from './document.ts';

/** Reading these is reading values. */
const REVEALING: ReadonlySet<ActionId> = new Set<ActionId>([
  'csms:secret:getVersion',
  'csms:secret:batchGetSecretValue',
]);

const [ALL_OF_CSMS, ALL_OF_KMS, ALL_OF_CTS] = ['csms:*:*', 'kms:*:*', 'cts:*:*'];
const CSMS_FULL = allowing(ALL_OF_CSMS);
const CSMS_READ = allowing(...readingActions('csms'));
const KMS_FULL = allowing(ALL_OF_KMS);
const KMS_READ = allowing(...readingActions('kms'));
const CTS_FULL = allowing(ALL_OF_CTS);
const NOTHING = allowing();

/**
 * Policies that need no document in the file, by their names. Reading secrets excludes reading their values.
 * @see DEW user guide, permissions
 */
export const BUILT_IN_DOCUMENTS: ReadonlyMap<string, PolicyDocument> = new Map([
  ['CSMS FullAccess', CSMS_FULL],
  ['CSMSFullAccessPolicy', CSMS_FULL],
  ['CSMS ReadOnlyAccess', CSMS_READ],
  ['CSMSReadOnlyPolicy', CSMS_READ],
  ['KMS Administrator', KMS_FULL],
  ['KMS CMK Admin', KMS_FULL],
  ['KMS CMKFullAccess', KMS_FULL],
  ['KMSFullAccessPolicy', KMS_FULL],
  ['KMS CMKReadOnlyAccess', KMS_READ],
  ['KMSReadOnlyPolicy', KMS_READ],
  ['DEW Console FullAccess', allowing(ALL_OF_CSMS, ALL_OF_KMS)],
  ['Tenant Administrator', allowing(ALL_OF_CSMS, ALL_OF_KMS, ALL_OF_CTS)],
  ['CTS Administrator', CTS_FULL],
  ['CTS FullAccess', CTS_FULL],
  ['CTS ReadOnlyAccess', CTS_FULL],
  ['DEW KeypairFullAccess', NOTHING],
  ['DEW KeypairReadOnlyAccess', NOTHING],
]);

function readingActions(service: ServiceName): ActionId[] {
  const actions = [...ACTIONS.values()].filter((action) => action.service === service);
  const reading = actions.filter(({ level }) => level === 'List' || level === 'Read');
  return reading.map(({ id }) => id).filter((id) => !REVEALING.has(id));
}

function allowing(...actions: readonly string[]): PolicyDocument {
  const statement = {
    Sid: undefined,
    Effect: 'Allow',
    Action: Object.freeze(actions),
    NotAction: undefined,
    Resource: undefined,
    NotResource: undefined,
    Condition: undefined,
  } as const;
  return Object.freeze({
    Version: '5.0',
    Statement: Object.freeze(actions.length === 0 ? [] : [Object.freeze(statement)]),
  });
}
