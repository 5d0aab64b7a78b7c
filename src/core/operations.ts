/** How far an action reaches: policies are written in these terms, and they say whether a call is a change. */
export type Level = 'List' | 'Read' | 'Write' | 'Tagging' | 'Permission_management';

/** What holds for every request of an operation. */
export interface Operation {
  /** Its heading in the API’s own documents. */
  readonly tag: string;
  /** What a policy has to allow; absent: every caller may. Its middle part is the type of resource, if any. */
  readonly action?: string;
  readonly level?: Level;
  /** Actions on the secret’s key that the caller needs too. */
  readonly needs?: readonly string[];
  /** Its name in records; absent: its id with a lower-case first letter, or depending on the body. */
  readonly trace?: string;
  /** The operation that it performs on each entry of a list. */
  readonly each?: string;
  /** True when its response holds a value or the like: a backup, a ciphertext, random bytes. */
  readonly reveals?: true;
}

type Row = Omit<Operation, 'tag'>;

const at =
  (level: Level) =>
  (action: string, more: Row = {}): Row => ({ action, level, ...more });
const [list, read, write] = [at('List'), at('Read'), at('Write')];
const [tag, grant] = [at('Tagging'), at('Permission_management')];

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
    CreateSecret: write('csms:secret:create', { needs: SEALING }),
    ListSecrets: list('csms:secret:list'),
    ShowSecret: read('csms:secret:get'),
    UpdateSecret: write('csms:secret:update'),
    DeleteSecret: write('csms:secret:delete', { trace: 'forceDeleteSecret' }),
    DeleteSecretForSchedule: write('csms:secret:scheduleDeletion', { trace: 'scheduleDelSecret' }),
    RestoreSecret: write('csms:secret:restoreSecret', { trace: 'restoreSecretFromDeletedStatus' }),
    RotateSecret: write('csms:secret:rotate', { needs: RESEALING }),
    ListSecretTask: list('csms::listTasks'),
    BatchImportSecrets: write('csms:secret:create', { each: 'CreateSecret' }),
    BatchDeleteSecrets: write('csms:secret:delete', { each: 'DeleteSecret' }),
    DownloadSecretBlob: read('csms:secret:get', { needs: RESEALING, reveals: true, trace: 'backupSecret' }),
    UploadSecretBlob: write('csms:secret:create', { needs: OPENING, trace: 'restoreSecretFromBackupBlob' }),
    GenerateRandomPassword: read('csms::generatePassword'),
  }),
  ...under('Versions', {
    CreateSecretVersion: write('csms:secret:createVersion', { needs: SEALING }),
    ListSecretVersions: list('csms:secret:listVersion'),
    ShowSecretVersion: read('csms:secret:getVersion', {
      needs: OPENING,
      reveals: true,
      trace: 'getSecretVersion',
    }),
    UpdateVersion: write('csms:secret:updateVersion', { trace: 'putSecretVersion' }),
    BatchShowSecretVersion: read('csms:secret:batchGetSecretValue', {
      each: 'ShowSecretVersion',
      reveals: true,
      trace: 'batchGetSecretValue',
    }),
  }),
  ...under('Stages', {
    CreateSecretStage: write('csms:secret:createStage'),
    UpdateSecretStage: write('csms:secret:updateStage'),
    ShowSecretStage: read('csms:secret:getStage'),
    DeleteSecretStage: write('csms:secret:deleteStage'),
  }),
  ...under('Events', {
    CreateSecretEvent: write('csms::createEvent'),
    ListSecretEvents: list('csms::listEvents'),
    ShowSecretEvent: read('csms::getEvent'),
    UpdateSecretEvent: write('csms::updateEvent'),
    DeleteSecretEvent: write('csms::deleteEvent'),
    ListNotificationRecords: list('csms::listNotificationRecords'),
  }),
  ...under('Tags', {
    CreateSecretTag: tag('csms:secret:createTag', { trace: 'createResourceTag' }),
    ListSecretTags: list('csms:secret:listTags'),
    BatchCreateOrDeleteTags: tag('csms:secret:batchCreateOrDeleteTags'),
    DeleteSecretTag: tag('csms:secret:deleteTag', { trace: 'deleteResourceTag' }),
    ListProjectSecretsTags: list('csms::listProjectTags'),
    ListResourceInstances: list('csms:secret:getSecretsByTag'),
  }),
  ...under('Grants', {
    CreateGrants: grant('csms:secret:createGrant', { trace: 'createGrant' }),
    UpdateGrant: grant('csms:secret:updateGrant'),
    ListGrants: list('csms:secret:listGrants'),
    DeleteGrant: grant('csms:secret:deleteGrant'),
  }),
  ...under('Checker', {
    ShowSecretsConfig: read('csms::getConfig'),
    UpdateSecretsConfig: write('csms::updateConfig'),
    CheckSecrets: read('csms::checkSecrets'),
  }),
  ...under('Rotation', { CreateAgency: {}, ShowAgency: {}, ShowSecretFunctionTemplates: {} }),
  ...under('Users', {
    ListUsers: list('csms::listUsers'),
    ShowUserDetail: read('csms::getUser'),
    UpdateUserPassword: { trace: 'changePassword' },
  }),
  ...under('Keys', {
    CreateKey: write('kms:cmk:create'),
    ListKeyDetail: read('kms:cmk:get'),
    ListKeys: list('kms:cmk:list'),
    UpdateKeyAlias: write('kms:cmk:updateKeyAlias'),
    UpdateKeyDescription: write('kms:cmk:updateKeyDescription'),
    EnableKey: write('kms:cmk:enable'),
    DisableKey: write('kms:cmk:disable'),
    DeleteKey: write('kms:cmk:scheduleKeyDeletion', { trace: 'scheduleKeyDeletion' }),
    CancelKeyDeletion: write('kms:cmk:cancelKeyDeletion'),
    ShowUserInstances: read('kms::getInstance'),
    ShowUserQuotas: read('kms::getQuota'),
    EnableKeyRotation: write('kms:cmk:enableRotation'),
    DisableKeyRotation: write('kms:cmk:disableRotation'),
    UpdateKeyRotationInterval: write('kms:cmk:updateRotation'),
    ShowKeyRotationStatus: read('kms:cmk:getRotation'),
    CreateAlias: write('kms:cmk:createAlias'),
    DeleteAlias: write('kms:cmk:deleteAlias'),
    ListAliases: list('kms:cmk:listAliases'),
    CreateKmsTag: tag('kms:cmk:createTag', { trace: 'createKeyTag' }),
    ShowKmsTags: read('kms:cmk:getTags'),
    BatchCreateKmsTags: tag('kms:cmk:createTags'),
    DeleteTag: tag('kms:cmk:deleteTag', { trace: 'deleteKeyTag' }),
    ListKmsTags: list('kms::listAllTags'),
    ListKmsByTags: list('kms:cmk:listKeysByTag'),
    CreateDatakey: write('kms:cmk:createDataKey', { reveals: true, trace: 'createDataKey' }),
    CreateDatakeyWithoutPlaintext: write('kms:cmk:createDataKeyWithoutPlaintext', {
      reveals: true,
      trace: 'createDataKeyWithoutPlaintext',
    }),
    EncryptDatakey: write('kms:cmk:encryptDataKey', { reveals: true }),
    DecryptDatakey: write('kms:cmk:decryptDataKey', { reveals: true }),
    EncryptData: write('kms:cmk:encryptData', { reveals: true }),
    DecryptData: write('kms:cmk:decryptData', { reveals: true }),
    CreateRandom: write('kms::generateRandom', { reveals: true, trace: 'genRandom' }),
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

/** True when the text is the name of an operation. */
export function isOperationId(text: string): text is OperationId {
  return Object.hasOwn(OPERATIONS, text);
}
