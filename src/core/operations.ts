import type { ActionId } from './policy/actions.ts';

/** What holds for every request of an operation. */
export interface Operation {
  /** Its heading in the API’s own documents. */
  readonly tag: string;
  /** What a policy has to allow; absent: every caller may. */
  readonly action?: ActionId;
  /** Actions on the secret’s key that the caller needs too. */
  readonly needs?: readonly ActionId[];
  /** Its name in records; absent: its id with a lower-case first letter, or depending on the body. */
  readonly trace?: string;
  /** The operation that it performs on each entry of a list. */
  readonly each?: string;
  /** True when its response holds a value or the like: a backup, a ciphertext, random bytes. */
  readonly reveals?: true;
}

type Row = Omit<Operation, 'tag'>;

/** An operation that needs an action. */
const needing = (action: ActionId, more: Row = {}): Row => ({ action, ...more });

const [SEALING, OPENING] = [['kms:cmk:createDataKey'], ['kms:cmk:decryptDataKey']] as const;
const RESEALING = [...SEALING, ...OPENING] as const;

/** Adds a shared heading to operations. */
function under<Ids extends string>(
  tag: string,
  rows: Readonly<Record<Ids, Row>>,
): Readonly<Record<Ids, Operation>> {
  const entries = Object.entries<Row>(rows).map(([id, row]) => [id, Object.freeze({ tag, ...row })]);
  // Keys are those of `rows`.
  return Object.fromEntries(entries) as Record<Ids, Operation>;
}

/**
 * Every operation by the id that the API’s own documents give it: routes, the OpenAPI document, the lines of requests and
 * the labels of metrics use no other.
 */
export const OPERATIONS = Object.freeze({
  ...under('Secrets', {
    CreateSecret: needing('csms:secret:create', { needs: SEALING }),
    ListSecrets: needing('csms:secret:list'),
    ShowSecret: needing('csms:secret:get'),
    UpdateSecret: needing('csms:secret:update'),
    DeleteSecret: needing('csms:secret:delete', { trace: 'forceDeleteSecret' }),
    DeleteSecretForSchedule: needing('csms:secret:scheduleDeletion', { trace: 'scheduleDelSecret' }),
    RestoreSecret: needing('csms:secret:restoreSecret', { trace: 'restoreSecretFromDeletedStatus' }),
    RotateSecret: needing('csms:secret:rotate', { needs: RESEALING }),
    ListSecretTask: needing('csms::listTasks'),
    BatchImportSecrets: needing('csms:secret:create', { each: 'CreateSecret' }),
    BatchDeleteSecrets: needing('csms:secret:delete', { each: 'DeleteSecret' }),
    DownloadSecretBlob: needing('csms:secret:get', {
      needs: RESEALING,
      reveals: true,
      trace: 'backupSecret',
    }),
    UploadSecretBlob: needing('csms:secret:create', { needs: OPENING, trace: 'restoreSecretFromBackupBlob' }),
    GenerateRandomPassword: needing('csms::generatePassword'),
  }),
  ...under('Versions', {
    CreateSecretVersion: needing('csms:secret:createVersion', { needs: SEALING }),
    ListSecretVersions: needing('csms:secret:listVersion'),
    ShowSecretVersion: needing('csms:secret:getVersion', {
      needs: OPENING,
      reveals: true,
      trace: 'getSecretVersion',
    }),
    UpdateVersion: needing('csms:secret:updateVersion', { trace: 'putSecretVersion' }),
    BatchShowSecretVersion: needing('csms:secret:batchGetSecretValue', {
      each: 'ShowSecretVersion',
      reveals: true,
      trace: 'batchGetSecretValue',
    }),
  }),
  ...under('Stages', {
    CreateSecretStage: needing('csms:secret:createStage'),
    UpdateSecretStage: needing('csms:secret:updateStage'),
    ShowSecretStage: needing('csms:secret:getStage'),
    DeleteSecretStage: needing('csms:secret:deleteStage'),
  }),
  ...under('Events', {
    CreateSecretEvent: needing('csms::createEvent'),
    ListSecretEvents: needing('csms::listEvents'),
    ShowSecretEvent: needing('csms::getEvent'),
    UpdateSecretEvent: needing('csms::updateEvent'),
    DeleteSecretEvent: needing('csms::deleteEvent'),
    ListNotificationRecords: needing('csms::listNotificationRecords'),
  }),
  ...under('Tags', {
    CreateSecretTag: needing('csms:secret:createTag', { trace: 'createResourceTag' }),
    ListSecretTags: needing('csms:secret:listTags'),
    BatchCreateOrDeleteTags: needing('csms:secret:batchCreateOrDeleteTags'),
    DeleteSecretTag: needing('csms:secret:deleteTag', { trace: 'deleteResourceTag' }),
    ListProjectSecretsTags: needing('csms::listProjectTags'),
    ListResourceInstances: needing('csms:secret:getSecretsByTag'),
  }),
  ...under('Grants', {
    CreateGrants: needing('csms:secret:createGrant', { trace: 'createGrant' }),
    UpdateGrant: needing('csms:secret:updateGrant'),
    ListGrants: needing('csms:secret:listGrants'),
    DeleteGrant: needing('csms:secret:deleteGrant'),
  }),
  ...under('Checker', {
    ShowSecretsConfig: needing('csms::getConfig'),
    UpdateSecretsConfig: needing('csms::updateConfig'),
    CheckSecrets: needing('csms::checkSecrets'),
  }),
  ...under('Rotation', { CreateAgency: {}, ShowAgency: {}, ShowSecretFunctionTemplates: {} }),
  ...under('Users', {
    ListUsers: needing('csms::listUsers'),
    ShowUserDetail: needing('csms::getUser'),
    UpdateUserPassword: { trace: 'changePassword' },
  }),
  ...under('Keys', {
    CreateKey: needing('kms:cmk:create'),
    ListKeyDetail: needing('kms:cmk:get'),
    ListKeys: needing('kms:cmk:list'),
    UpdateKeyAlias: needing('kms:cmk:updateKeyAlias'),
    UpdateKeyDescription: needing('kms:cmk:updateKeyDescription'),
    EnableKey: needing('kms:cmk:enable'),
    DisableKey: needing('kms:cmk:disable'),
    DeleteKey: needing('kms:cmk:scheduleKeyDeletion', { trace: 'scheduleKeyDeletion' }),
    CancelKeyDeletion: needing('kms:cmk:cancelKeyDeletion'),
    ShowUserInstances: needing('kms::getInstance'),
    ShowUserQuotas: needing('kms::getQuota'),
    EnableKeyRotation: needing('kms:cmk:enableRotation'),
    DisableKeyRotation: needing('kms:cmk:disableRotation'),
    UpdateKeyRotationInterval: needing('kms:cmk:updateRotation'),
    ShowKeyRotationStatus: needing('kms:cmk:getRotation'),
    CreateAlias: needing('kms:cmk:createAlias'),
    DeleteAlias: needing('kms:cmk:deleteAlias'),
    ListAliases: needing('kms:cmk:listAliases'),
    CreateKmsTag: needing('kms:cmk:createTag', { trace: 'createKeyTag' }),
    ShowKmsTags: needing('kms:cmk:getTags'),
    BatchCreateKmsTags: needing('kms:cmk:createTags'),
    DeleteTag: needing('kms:cmk:deleteTag', { trace: 'deleteKeyTag' }),
    ListKmsTags: needing('kms::listAllTags'),
    ListKmsByTags: needing('kms:cmk:listKeysByTag'),
    CreateDatakey: needing('kms:cmk:createDataKey', { reveals: true, trace: 'createDataKey' }),
    CreateDatakeyWithoutPlaintext: needing('kms:cmk:createDataKeyWithoutPlaintext', {
      reveals: true,
      trace: 'createDataKeyWithoutPlaintext',
    }),
    EncryptDatakey: needing('kms:cmk:encryptDataKey', { reveals: true }),
    DecryptDatakey: needing('kms:cmk:decryptDataKey', { reveals: true }),
    EncryptData: needing('kms:cmk:encryptData', { reveals: true }),
    DecryptData: needing('kms:cmk:decryptData', { reveals: true }),
    CreateRandom: needing('kms::generateRandom', { reveals: true, trace: 'genRandom' }),
  }),
  ...under('Identity', {
    KeystoneShowVersion: {},
    KeystoneCreateUserTokenByPassword: { trace: 'createToken' },
    CreateTokenWithIdToken: { trace: 'createToken' },
    KeystoneValidateToken: {},
    KeystoneRevokeToken: {},
    CreateTemporaryAccessKeyByToken: {},
    KeystoneListProjects: {},
    KeystoneListAuthProjects: {},
    KeystoneListAuthDomains: {},
    KeystoneListUsers: {},
    KeystoneShowCatalog: {},
    KeystoneListServices: {},
    KeystoneListEndpoints: {},
    GetCallerIdentity: {},
    GetAuthorizationSchemaV5: {},
  }),
  ...under('Health', { ShowHealth: {}, ShowReadiness: {} }),
});

/** The name of an operation. */
export type OperationId = keyof typeof OPERATIONS;

/** True when the text is the name of an operation. */
export function isOperationId(text: string): text is OperationId {
  return Object.hasOwn(OPERATIONS, text);
}
