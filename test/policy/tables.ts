/**
 * The tables by which it is decided who may do what, as they are written: of operations and their actions, of condition
 * keys, and of operators. Nothing here is taken from the server.
 */

/**
 * `s:` is `csms:secret:`, `k:` is `kms:cmk:`; aliases lack their service; `a:b/c` is `a:b`, `a:c`, one for each operation.
 * Then the level by its first letter, the resource type (– for none; `secret*` has T E G, `key*` has k E G), and keys.
 */
const OPERATIONS = `
|CreateSecret; BatchImportSecrets per item|s:create|W secret T K E Q||k:createDataKey|
|UploadSecretBlob, once the blob is open|s:create|W secret T K E Q||k:decryptDataKey|
|ListSecrets, per row|s:list|L secret E|
|ShowSecret|s:get|R secret*|
|DownloadSecretBlob|s:get|R secret*||k:createDataKey, k:decryptDataKey|
|UpdateSecret|s:update|W secret* K|
|DeleteSecret; BatchDeleteSecrets per item|s:delete|W secret*|
|DeleteSecretForSchedule|s:scheduleDeletion|W secret* R|secret:deleteScheduled|
|RestoreSecret|s:restoreSecret|W secret*|secret:deleteCancelled|
|RotateSecret|s:rotate|W secret*||k:createDataKey, k:decryptDataKey|
|CreateSecretVersion|s:createVersion|W secret*|secretVersion:create|k:createDataKey|
|ListSecretVersions|s:listVersion|L secret*|secretVersion:list|
|ShowSecretVersion; BatchShowSecretVersion per item|s:getVersion|R secret* V|secretVersion:get|k:decryptDataKey|
|UpdateVersion|s:updateVersion|W secret* V|secretVersion:update|
|BatchShowSecretVersion, for the request|s:batchGetSecretValue|R –|secretVersion:batchGetSecretValue|
|CreateSecretStage, UpdateSecretStage, DeleteSecretStage|s:createStage/updateStage/deleteStage|W secret*|secretStage:create/update/delete|
|ShowSecretStage|s:getStage|R secret* S|secretStage:get|
|CreateSecretTag, BatchCreateOrDeleteTags, DeleteSecretTag|s:createTag/batchCreateOrDeleteTags/deleteTag|T secret* Q|tag:create/batch/delete|
|ListSecretTags|s:listTags|L secret*|tag:getBySecret|
|ListResourceInstances, per row|s:getSecretsByTag|L secret|tag:getSecretByTag|
|CreateGrants, UpdateGrant, DeleteGrant|s:createGrant/updateGrant/deleteGrant|P secret*|
|ListGrants|s:listGrants|L secret*|
|ListProjectSecretsTags|csms::listProjectTags|L –|tag:getAll|
|CreateSecretEvent, UpdateSecretEvent, DeleteSecretEvent|csms::createEvent/updateEvent/deleteEvent|W –|event:create/update/delete|
|ShowSecretEvent|csms::getEvent|R –|event:get|
|ListSecretEvents, ListNotificationRecords|csms::listEvents/listNotificationRecords|L –|event:list/listNotificationRecords|
|ListSecretTask|csms::listTasks|L –|task:list|
|GenerateRandomPassword, CheckSecrets, ShowSecretsConfig|csms::generatePassword/checkSecrets/getConfig|R –|
|UpdateSecretsConfig|csms::updateConfig|W –|
|ListUsers|csms::listUsers|L –|
|ShowUserDetail|csms::getUser|R –|
|CreateKey|k:create|W key k E Q|
|ListKeys, per row|k:list|L key E|
|ListKeyDetail|k:get|R key*|
|EnableKey, DisableKey|k:enable/disable|W key*|
|DeleteKey|k:scheduleKeyDeletion|W key* D|cmk:update|
|CancelKeyDeletion, UpdateKeyAlias, UpdateKeyDescription|k:cancelKeyDeletion/updateKeyAlias/updateKeyDescription|W key*|cmk:update|
|CreateAlias, DeleteAlias|k:createAlias/deleteAlias|W key*|cmk:update|
|ListAliases, per row|k:listAliases|L key E|cmk:list|
|EnableKeyRotation, DisableKeyRotation, UpdateKeyRotationInterval|k:enableRotation/disableRotation/updateRotation|W key*|
|ShowKeyRotationStatus|k:getRotation|R key*|
|CreateKmsTag, BatchCreateKmsTags, DeleteTag|k:createTag/createTags/deleteTag|T key* Q|cmkTag:create/batch/delete|
|ShowKmsTags|k:getTags|R key*|cmkTag:list|
|ListKmsByTags, per row|k:listKeysByTag|L key|cmkTag:listInstance|
|ListKmsTags|kms::listAllTags|L –|
|ShowUserInstances, ShowUserQuotas|kms::getInstance/getQuota|R –|cmk:getInstance/getQuota|
|CreateRandom|kms::generateRandom|W –|cmk:generate|
|CreateDatakey, CreateDatakeyWithoutPlaintext|k:createDataKey/createDataKeyWithoutPlaintext|W key* a|dek:create|
|EncryptDatakey|k:encryptDataKey|W key* a|dek:crypto and dek:encrypt|
|DecryptDatakey|k:decryptDataKey|W key* a|dek:crypto and dek:decrypt|
|EncryptData|k:encryptData|W key* a A|cmk:crypto and cmk:encrypt|
|DecryptData|k:decryptData|W key* a A|cmk:crypto and cmk:decrypt|
|ListTraces|cts:trace:list|L –|
`;

export interface TableAction {
  readonly id: string;
  readonly service: string;
  readonly level: string;
  readonly resource: 'secret' | 'key' | undefined;
  /** One letter each. */
  readonly keys: string;
  /** Full names. */
  readonly aliases: readonly string[];
}

export const TABLE_ACTIONS: ReadonlyMap<string, TableAction> = new Map(
  OPERATIONS.trim()
    .split('\n')
    .flatMap(rowActions)
    .map((action) => [action.id, action]),
);

export interface TableOperation {
  readonly action: string;
  /** Actions on the key. */
  readonly needs: readonly string[];
}

/** By the operation’s name; what is checked for each item by `<operation> per item`. */
export const TABLE_OPERATIONS: ReadonlyMap<string, TableOperation> = new Map(
  OPERATIONS.trim().split('\n').flatMap(rowOperations),
);

function rowOperations(row: string): [string, TableOperation][] {
  const [, names = '', actions = '', , , dependencies = ''] = row.split('|');
  const ids = slashed(withService(actions));
  const needs = dependencies.split(', ').filter((need) => need !== '');
  // What is in lower case behind a comma says when the action is checked.
  const operations = names.split(/[,;] /).filter((name) => /^[A-Z]/.test(name));
  return operations.map((name, at) => {
    const action = ids[ids.length === 1 ? 0 : at] ?? '';
    return [name, { action, needs: needs.map(withService) }];
  });
}

function withService(name: string): string {
  return name.replace(/^s:/, 'csms:secret:').replace(/^k:/, 'kms:cmk:');
}

function rowActions(row: string): TableAction[] {
  const [, , names = '', rest = '', aliases = ''] = row.split('|');
  const full = withService(names);
  const service = full.slice(0, full.indexOf(':'));
  const [level = '', resource = '', ...letters] = rest.split(' ');
  const always = resource === 'secret*' ? 'TEG' : resource === 'key*' ? 'kEG' : '';
  return slashed(full).map((id, at) => ({
    id,
    service,
    level,
    resource: resource.startsWith('secret') ? 'secret' : resource.startsWith('key') ? 'key' : undefined,
    keys: always + letters.join(''),
    aliases: aliases
      .split(' and ')
      .filter((alias) => alias !== '')
      .map((alias) => {
        const each = slashed(alias);
        return `${service}:${each.length === 1 ? each[0] : each[at]}`;
      }),
  }));
}

/** `a:b/c` is `a:b`, `a:c`. */
function slashed(names: string): string[] {
  const start = names.slice(0, names.lastIndexOf(':') + 1);
  return names
    .slice(start.length)
    .split('/')
    .map((end) => start + end);
}

export type KeyType = 'string' | 'number' | 'date' | 'bool' | 'IP';
export interface TableKey {
  readonly name: string;
  readonly type: KeyType;
  /** Present only for actions that show it; `-`: for all; `x`: always absent. */
  readonly letter: string;
  /** The key of a tag follows. */
  readonly isOfTags?: boolean;
  readonly isMulti?: boolean;
}

const keys = (letter: string, type: KeyType, names: string, more: Partial<TableKey> = {}): TableKey[] =>
  names.split(' ').map((name) => ({ name, type, letter, ...more }));

export const TABLE_KEYS: readonly TableKey[] = [
  ...keys('-', 'date', 'g:CurrentTime g:TokenIssueTime'),
  ...keys('-', 'IP', 'g:SourceIp'),
  ...keys('-', 'string', 'g:UserId g:UserName g:DomainId g:DomainName g:PrincipalAccount'),
  ...keys('-', 'string', 'g:PrincipalUrn g:PrincipalType g:ProjectName'),
  ...keys('-', 'string', 'g:RequestedRegion g:ServiceName g:UserAgent'),
  ...keys('-', 'bool', 'g:PrincipalIsRootUser g:SecureTransport'),
  ...keys('x', 'bool', 'g:MFAPresent g:ViaService'),
  ...keys('x', 'number', 'g:MFAAge'),
  ...keys('x', 'IP', 'g:VpcSourceIp'),
  ...keys('x', 'string', 'g:SourceVpc g:SourceVpce g:CalledVia g:PrincipalOrgId g:PrincipalOrgPath'),
  ...keys('x', 'string', 'g:PrincipalTag', { isOfTags: true }),
  ...keys('x', 'string', 'g:SourceIdentity g:Referer'),
  ...keys('E', 'string', 'g:EnterpriseProjectId'),
  ...keys('G', 'string', 'g:ResourceTag', { isOfTags: true }),
  ...keys('Q', 'string', 'g:RequestTag', { isOfTags: true }),
  ...keys('Q', 'string', 'g:TagKeys', { isMulti: true }),
  ...keys('T', 'string', 'csms:Type'),
  ...keys('K', 'string', 'csms:KmsKeyId'),
  ...keys('V', 'string', 'csms:VersionId'),
  ...keys('S', 'string', 'csms:VersionStage'),
  ...keys('R', 'number', 'csms:RecoveryWindowInDays'),
  ...keys('k', 'string', 'kms:KeyOrigin kms:KeySpec kms:KeyUsage'),
  ...keys('x', 'string', 'kms:MultiRegionKeyType kms:EncryptionContext kms:RecipientAttestation'),
  ...keys('a', 'string', 'kms:RequestAlias'),
  ...keys('a', 'string', 'kms:ResourceAliases', { isMulti: true }),
  ...keys('D', 'number', 'kms:ScheduleKeyDeletionPendingWindowInDays'),
  ...keys('A', 'string', 'kms:EncryptionAlgorithm'),
];

export const TABLE_OPERATORS: Readonly<Record<KeyType | 'any', readonly string[]>> = {
  string: [
    'StringEquals',
    'StringNotEquals',
    'StringEqualsIgnoreCase',
    'StringNotEqualsIgnoreCase',
    'StringMatch',
    'StringNotMatch',
    'StringStartWith',
    'StringEndWith',
  ],
  number: [
    'NumberEquals',
    'NumberNotEquals',
    'NumberLessThan',
    'NumberLessThanEquals',
    'NumberGreaterThan',
    'NumberGreaterThanEquals',
  ],
  date: ['DateLessThan', 'DateLessThanEquals', 'DateGreaterThan', 'DateGreaterThanEquals'],
  bool: ['Bool'],
  IP: ['IpAddress', 'NotIpAddress'],
  any: ['Null'],
};

/** Keys are found without regard to case; undefined for an unknown one, also for one of another service. */
export function findTableKey(written: string): { readonly key: TableKey; readonly tag: string } | undefined {
  for (const key of TABLE_KEYS) {
    const start = key.isOfTags ? `${key.name}/` : key.name;
    const hasStart = written.slice(0, start.length).toLowerCase() === start.toLowerCase();
    const tag = written.slice(start.length);
    if (hasStart && (key.isOfTags ? tag !== '' : tag === '')) return { key, tag };
  }
  return undefined;
}
