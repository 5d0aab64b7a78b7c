/** How far an action reaches: what policies are written by, and whether a call is a change. */
export type Level = 'List' | 'Read' | 'Write' | 'Tagging' | 'Permission_management';

/** What is true of an operation whatever a request of it says. */
export interface Operation {
  /** The heading that it stands under in the API’s own documents. */
  readonly tag: string;
  /** What a policy has to allow; absent: every caller may. Its middle part is the type of resource, if there is one. */
  readonly action?: string;
  readonly level?: Level;
  /** Actions on the secret’s key that the caller needs too. */
  readonly needs?: readonly string[];
  /** What a record calls it when that is not the id: for changes, and for values that leave. */
  readonly trace?: string;
  /** What it does to each of a list is this operation. */
  readonly each?: string;
  /** True when it gives out a value, or what stands for one: a backup, a ciphertext, random bytes. */
  readonly reveals?: true;
}

type Row = Omit<Operation, 'tag'>;

const [SEALING, OPENING] = [['kms:cmk:createDataKey'], ['kms:cmk:decryptDataKey']] as const;
const RESEALING = [...SEALING, ...OPENING] as const;

/** Gives operations the heading that they share. */
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
 * the labels of metrics have no other.
 */
export const OPERATIONS = Object.freeze({
  ...under('Secrets', {
    CreateSecret: { action: 'csms:secret:create', level: 'Write', needs: SEALING, trace: 'createSecret' },
    ListSecrets: { action: 'csms:secret:list', level: 'List' },
    ShowSecret: { action: 'csms:secret:get', level: 'Read' },
    UpdateSecret: { action: 'csms:secret:update', level: 'Write', trace: 'updateSecret' },
    DeleteSecret: { action: 'csms:secret:delete', level: 'Write', trace: 'forceDeleteSecret' },
    DeleteSecretForSchedule: {
      action: 'csms:secret:scheduleDeletion',
      level: 'Write',
      trace: 'scheduleDelSecret',
    },
    RestoreSecret: {
      action: 'csms:secret:restoreSecret',
      level: 'Write',
      trace: 'restoreSecretFromDeletedStatus',
    },
    RotateSecret: { action: 'csms:secret:rotate', level: 'Write', needs: RESEALING, trace: 'rotateSecret' },
    ListSecretTask: { action: 'csms::listTasks', level: 'List' },
    BatchImportSecrets: { action: 'csms:secret:create', level: 'Write', each: 'CreateSecret' },
    BatchDeleteSecrets: { action: 'csms:secret:delete', level: 'Write', each: 'DeleteSecret' },
    DownloadSecretBlob: {
      action: 'csms:secret:get',
      level: 'Read',
      needs: RESEALING,
      trace: 'backupSecret',
      reveals: true,
    },
    UploadSecretBlob: {
      action: 'csms:secret:create',
      level: 'Write',
      needs: OPENING,
      trace: 'restoreSecretFromBackupBlob',
    },
    GenerateRandomPassword: { action: 'csms::generatePassword', level: 'Read' },
  }),
  ...under('Versions', {
    CreateSecretVersion: {
      action: 'csms:secret:createVersion',
      level: 'Write',
      needs: SEALING,
      trace: 'createSecretVersion',
    },
    ListSecretVersions: { action: 'csms:secret:listVersion', level: 'List' },
    ShowSecretVersion: {
      action: 'csms:secret:getVersion',
      level: 'Read',
      needs: OPENING,
      trace: 'getSecretVersion',
      reveals: true,
    },
    UpdateVersion: { action: 'csms:secret:updateVersion', level: 'Write', trace: 'putSecretVersion' },
    BatchShowSecretVersion: {
      action: 'csms:secret:batchGetSecretValue',
      level: 'Read',
      trace: 'batchGetSecretValue',
      each: 'ShowSecretVersion',
      reveals: true,
    },
  }),
  ...under('Stages', {
    CreateSecretStage: { action: 'csms:secret:createStage', level: 'Write', trace: 'createSecretStage' },
    UpdateSecretStage: { action: 'csms:secret:updateStage', level: 'Write', trace: 'updateSecretStage' },
    ShowSecretStage: { action: 'csms:secret:getStage', level: 'Read' },
    DeleteSecretStage: { action: 'csms:secret:deleteStage', level: 'Write', trace: 'deleteSecretStage' },
  }),
  ...under('Events', {
    CreateSecretEvent: { action: 'csms::createEvent', level: 'Write', trace: 'createSecretEvent' },
    ListSecretEvents: { action: 'csms::listEvents', level: 'List' },
    ShowSecretEvent: { action: 'csms::getEvent', level: 'Read' },
    UpdateSecretEvent: { action: 'csms::updateEvent', level: 'Write', trace: 'updateSecretEvent' },
    DeleteSecretEvent: { action: 'csms::deleteEvent', level: 'Write', trace: 'deleteSecretEvent' },
    ListNotificationRecords: { action: 'csms::listNotificationRecords', level: 'List' },
  }),
  ...under('Tags', {
    CreateSecretTag: { action: 'csms:secret:createTag', level: 'Tagging', trace: 'createResourceTag' },
    ListSecretTags: { action: 'csms:secret:listTags', level: 'List' },
    BatchCreateOrDeleteTags: { action: 'csms:secret:batchCreateOrDeleteTags', level: 'Tagging' },
    DeleteSecretTag: { action: 'csms:secret:deleteTag', level: 'Tagging', trace: 'deleteResourceTag' },
    ListProjectSecretsTags: { action: 'csms::listProjectTags', level: 'List' },
    ListResourceInstances: { action: 'csms:secret:getSecretsByTag', level: 'List' },
  }),
  ...under('Grants', {
    CreateGrants: { action: 'csms:secret:createGrant', level: 'Permission_management', trace: 'createGrant' },
    UpdateGrant: { action: 'csms:secret:updateGrant', level: 'Permission_management', trace: 'updateGrant' },
    ListGrants: { action: 'csms:secret:listGrants', level: 'List' },
    DeleteGrant: { action: 'csms:secret:deleteGrant', level: 'Permission_management', trace: 'deleteGrant' },
  }),
  ...under('Checker', {
    ShowSecretsConfig: { action: 'csms::getConfig', level: 'Read' },
    UpdateSecretsConfig: { action: 'csms::updateConfig', level: 'Write', trace: 'updateSecretsConfig' },
    CheckSecrets: { action: 'csms::checkSecrets', level: 'Read' },
  }),
  ...under('Rotation', { CreateAgency: {}, ShowAgency: {}, ShowSecretFunctionTemplates: {} }),
  ...under('Users', {
    ListUsers: { action: 'csms::listUsers', level: 'List' },
    ShowUserDetail: { action: 'csms::getUser', level: 'Read' },
    UpdateUserPassword: { trace: 'changePassword' },
  }),
  ...under('Keys', {
    CreateKey: { action: 'kms:cmk:create', level: 'Write', trace: 'createKey' },
    ListKeyDetail: { action: 'kms:cmk:get', level: 'Read' },
    ListKeys: { action: 'kms:cmk:list', level: 'List' },
    UpdateKeyAlias: { action: 'kms:cmk:updateKeyAlias', level: 'Write', trace: 'updateKeyAlias' },
    UpdateKeyDescription: {
      action: 'kms:cmk:updateKeyDescription',
      level: 'Write',
      trace: 'updateKeyDescription',
    },
    EnableKey: { action: 'kms:cmk:enable', level: 'Write', trace: 'enableKey' },
    DisableKey: { action: 'kms:cmk:disable', level: 'Write', trace: 'disableKey' },
    DeleteKey: { action: 'kms:cmk:scheduleKeyDeletion', level: 'Write', trace: 'scheduleKeyDeletion' },
    CancelKeyDeletion: { action: 'kms:cmk:cancelKeyDeletion', level: 'Write', trace: 'cancelKeyDeletion' },
    ShowUserInstances: { action: 'kms::getInstance', level: 'Read' },
    ShowUserQuotas: { action: 'kms::getQuota', level: 'Read' },
    EnableKeyRotation: { action: 'kms:cmk:enableRotation', level: 'Write', trace: 'enableKeyRotation' },
    DisableKeyRotation: { action: 'kms:cmk:disableRotation', level: 'Write', trace: 'disableKeyRotation' },
    UpdateKeyRotationInterval: {
      action: 'kms:cmk:updateRotation',
      level: 'Write',
      trace: 'updateKeyRotationInterval',
    },
    ShowKeyRotationStatus: { action: 'kms:cmk:getRotation', level: 'Read' },
    CreateAlias: { action: 'kms:cmk:createAlias', level: 'Write', trace: 'createAlias' },
    DeleteAlias: { action: 'kms:cmk:deleteAlias', level: 'Write', trace: 'deleteAlias' },
    ListAliases: { action: 'kms:cmk:listAliases', level: 'List' },
    CreateKmsTag: { action: 'kms:cmk:createTag', level: 'Tagging', trace: 'createKeyTag' },
    ShowKmsTags: { action: 'kms:cmk:getTags', level: 'Read' },
    BatchCreateKmsTags: { action: 'kms:cmk:createTags', level: 'Tagging' },
    DeleteTag: { action: 'kms:cmk:deleteTag', level: 'Tagging', trace: 'deleteKeyTag' },
    ListKmsTags: { action: 'kms::listAllTags', level: 'List' },
    ListKmsByTags: { action: 'kms:cmk:listKeysByTag', level: 'List' },
    CreateDatakey: { action: 'kms:cmk:createDataKey', level: 'Write', trace: 'createDataKey', reveals: true },
    CreateDatakeyWithoutPlaintext: {
      action: 'kms:cmk:createDataKeyWithoutPlaintext',
      level: 'Write',
      trace: 'createDataKeyWithoutPlaintext',
      reveals: true,
    },
    EncryptDatakey: {
      action: 'kms:cmk:encryptDataKey',
      level: 'Write',
      trace: 'encryptDatakey',
      reveals: true,
    },
    DecryptDatakey: {
      action: 'kms:cmk:decryptDataKey',
      level: 'Write',
      trace: 'decryptDatakey',
      reveals: true,
    },
    EncryptData: { action: 'kms:cmk:encryptData', level: 'Write', trace: 'encryptData', reveals: true },
    DecryptData: { action: 'kms:cmk:decryptData', level: 'Write', trace: 'decryptData', reveals: true },
    CreateRandom: { action: 'kms::generateRandom', level: 'Write', trace: 'genRandom', reveals: true },
  }),
  ...under('Identity', {
    KeystoneShowVersion: {},
    KeystoneCreateUserTokenByPassword: { trace: 'createToken' },
    KeystoneValidateToken: {},
    KeystoneListProjects: {},
    KeystoneListAuthProjects: {},
    KeystoneListAuthDomains: {},
    KeystoneListUsers: {},
    KeystoneShowCatalog: {},
    KeystoneListServices: {},
    KeystoneListEndpoints: {},
  }),
  ...under('Health', { ShowHealth: {}, ShowReadiness: {} }),
});

/** The name of an operation. */
export type OperationId = keyof typeof OPERATIONS;

/** The operation's name, when a text is one. Pure. */
export function isOperationId(text: string): text is OperationId {
  return Object.hasOwn(OPERATIONS, text);
}
