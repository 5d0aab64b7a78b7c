/**
 * What a user of the real service meets differently here, and what was chosen where its documents are silent or contradict
 * each other; by operation id. Kept by hand: who changes an operation changes its line.
 */
export const DIFFERENCES: Readonly<Record<string, string>> = Object.freeze({
  CreateSecret:
    'Values up to 65,536 bytes. An unknown `kms_key_id` is created on first use in `dev` and refused in `serve`. Every field is returned, null when not set.',
  ListSecrets: 'By name, in byte order. `next_marker` is null at the end. The marker need not exist.',
  ShowSecret: 'An absent secret is 404 (`CSMS_NOT_FOUND_STATUS=400` for the published table’s status).',
  UpdateSecret: 'A `kms_key_id` must name a key that can be used.',
  DeleteSecretForSchedule: 'Without a body the window is 30 days.',
  RestoreSecret: 'The secret returns to the state that it had.',
  CreateSecretVersion:
    'A 21st version takes the place of the oldest one without a stage (`CSMS_VERSION_CAP=reject` refuses it). Past expiry times are accepted.',
  ListSecretVersions: 'By number. `create_time` grows strictly within a secret.',
  ShowSecretVersion: '`latest` is the holder of SYSCURRENT. Expired versions stay readable.',
  UpdateVersion: '`latest` is refused: only a number can be updated.',
  CreateSecretStage:
    'Moves a stage that is in use. Ten stages of one’s own, since the two built-in ones always count.',
  UpdateSecretStage: 'Attaches a stage that is not in use. Moves the named stage only.',
  ShowSecretStage: 'A stage that is not in use is 404 with CSMS.0005.',
  DeleteSecretStage: 'SYSCURRENT and SYSPREVIOUS are refused, also while they mark nothing.',
  CreateSecretTag: 'An existing key gets the new value.',
  BatchCreateOrDeleteTags: 'All or nothing. Deleting skips absent keys, and does not compare values.',
  DeleteSecretTag: 'An absent key is 404 with CSMS.0005.',
  ListProjectSecretsTags: 'Nothing is cut off.',
  ListResourceInstances:
    'Takes `limit` and `offset` as text and as numbers. `total_count` counts all matches; `count` returns no resources. `matches` are parts of the name, and all must fit.',
  CreateSecretEvent: 'An empty list of types is refused. A topic leads where `hooks.yaml` says.',
  DeleteSecretEvent: 'Returns 204. Refused with CSMS.0003 while a secret subscribes.',
  ListSecretEvents: 'By name; the marker is exclusive.',
  ListNotificationRecords:
    'Newest first, at most 1,000, kept for three months. INVALID: the topic leads nowhere.',
  RotateSecret: 'Calls a webhook of the operator instead of a cloud function.',
  ListSecretTask: 'Tasks of the rotations that ran here.',
  ShowSecretFunctionTemplates: 'Templates of our own, for this server’s webhook protocol.',
  CreateAgency: 'Nothing has to be granted here: returns fixed local agencies.',
  ShowAgency: 'Always granted.',
  CreateGrants:
    'A grant in force lets its users list and read the secret and its values. Users and groups must exist; type GROUP is 404. Times are epoch milliseconds, as in the schema; the samples show text.',
  ListGrants: 'Grants that are not over. Times are epoch milliseconds; `grantee_type` is added.',
  UpdateGrant: 'Only a grant that is in force. Times are epoch milliseconds.',
  DeleteGrant: 'Without `grantee_user`, every grant of the secret.',
  ListUsers: 'Users of the caller’s domain in the server’s own identities.',
  ShowUserDetail: 'Users of the caller’s domain in the server’s own identities.',
  UpdateUserPassword:
    'The caller’s own password, of 8 characters or more, where the identities file can be written.',
  GenerateRandomPassword:
    'Lengths from 1 to 4,096. There are no policies for passwords, so `password_policy_name` is refused.',
  CheckSecrets:
    'Rates each member of `data` as weak, medium or strong: the contract is our own, since the documents leave it open.',
  UpdateSecretsConfig: 'While it is on, weak new values are refused.',
  BatchImportSecrets: 'Each secret by itself, not all or nothing. Up to 1,000 secrets and 8 MiB.',
  BatchDeleteSecrets: 'Needs an `instance_id`; `instance_type` narrows it. The secrets are gone at once.',
  BatchShowSecretVersion:
    'Needs 1 to 100 names. `error_list`, which the documents lack, says why a value is missing.',
  DownloadSecretBlob:
    'A format of our own: blobs of the real service cannot be read here, nor the other way round.',
  UploadSecretBlob:
    'Keeps id, version numbers and stages. 409 while the secret is there. A blob of another project is refused.',
  CreateKey: 'AES_256 only; other specs are refused.',
  DeleteKey: 'Once the days are over, values under the key are lost for good.',
  ShowKeyRotationStatus: '`rotation_interval` is 0 while rotation is off.',
  ListAliases: 'Returns the object form.',
  EncryptData: 'The ciphertext is of our own format.',
  EncryptDatakey: 'The ciphertext is of our own format.',
  CreateDatakey: 'The ciphertext is of our own format.',
  KeystoneCreateUserTokenByPassword:
    'Methods password and token. A token for a token ends with the first one, and one of a project stays in it. The right password with a scope out of reach is 401 with its own text.',
  KeystoneValidateToken: 'Of the caller’s own domain alone.',
  KeystoneRevokeToken:
    'By who holds the token, or its user. It ends that token alone, not those that it was exchanged for.',
  CreateTemporaryAccessKeyByToken:
    'For a token or a signed request. It ends with its token at the latest, temporary credentials get no further ones, and a policy of at most 2,048 bytes narrows all services. Other methods are 400.',
  CreateTokenWithIdToken:
    'Whatever is wrong with the ID token is one 401. The token lasts an hour unless the provider says otherwise, and ends with the rule that let it in.',
  KeystoneListProjects: 'By name, or all.',
});
