import type { TagFact } from '../../core/policy/facts.ts';
import {
  elementsOf,
  namesMany,
  namesNothing,
  type ReadNamed,
  type RequestParts,
  tagsIn,
  textIn,
} from '../requests/named.ts';

const LATEST = 'latest';

const namesSecret: ReadNamed = ({ params }) => ({
  subject: { kind: 'secret', name: textIn(params.secret_name) },
});
const namesSecretById: ReadNamed = ({ params }) => ({
  subject: { kind: 'secret-by-id', id: textIn(params.secret_id) },
});
const namesNewSecret: ReadNamed = ({ body }) => ({
  subject: { kind: 'new-secret', name: textIn(body.name) },
  facts: {
    secretType: textIn(body.secret_type),
    enterpriseProjectId: textIn(body.enterprise_project_id),
  },
  kmsKeyId: textIn(body.kms_key_id),
});

/** The version in the path; `latest` is known once the secret is. */
const namesVersion: ReadNamed = ({ params }) => {
  const [name, versionId] = [textIn(params.secret_name), textIn(params.version_id)];
  if (versionId === LATEST) return { subject: { kind: 'secret', name, version: LATEST } };
  return { subject: { kind: 'secret', name }, facts: { versionId } };
};

/** The secret that is granted, by its id. */
const namesGranted = (part: 'query' | 'body'): ReadNamed => {
  return (parts) => ({ subject: { kind: 'secret-by-id', id: textIn(parts[part].resource_id) } });
};

const namesTags =
  (tagsOf: (parts: RequestParts) => readonly TagFact[]): ReadNamed =>
  (parts) => ({ ...namesSecretById(parts), facts: { tags: tagsOf(parts) } });

/** What the requests of each operation on secrets name. */
export const CSMS_NAMED = {
  CreateSecret: namesNewSecret,
  ListSecrets: namesMany,
  ShowSecret: namesSecret,
  UpdateSecret: (parts) => ({ ...namesSecret(parts), kmsKeyId: textIn(parts.body.kms_key_id) }),
  DeleteSecret: namesSecret,
  DeleteSecretForSchedule: (parts) => {
    const { recovery_window_in_days: days } = parts.body;
    return {
      ...namesSecret(parts),
      ...(typeof days === 'number' && { facts: { recoveryWindowDays: days } }),
    };
  },
  RestoreSecret: namesSecret,
  RotateSecret: namesSecret,
  ListSecretTask: namesNothing,
  BatchImportSecrets: namesMany,
  BatchDeleteSecrets: namesMany,
  DownloadSecretBlob: namesSecret,
  UploadSecretBlob: ({ body }) => ({ subject: { kind: 'blob', text: textIn(body.secret_blob) } }),
  GenerateRandomPassword: namesNothing,
  CreateSecretVersion: namesSecret,
  ListSecretVersions: namesSecret,
  ShowSecretVersion: namesVersion,
  UpdateVersion: namesVersion,
  BatchShowSecretVersion: namesNothing,
  CreateSecretStage: namesSecret,
  UpdateSecretStage: namesSecret,
  ShowSecretStage: (parts) => ({
    ...namesSecret(parts),
    facts: { stage: textIn(parts.params.stage_name) },
  }),
  DeleteSecretStage: namesSecret,
  CreateSecretEvent: namesNothing,
  ListSecretEvents: namesNothing,
  ShowSecretEvent: namesNothing,
  UpdateSecretEvent: namesNothing,
  DeleteSecretEvent: namesNothing,
  ListNotificationRecords: namesNothing,
  CreateSecretTag: namesTags(({ body }) => tagsIn([body.tag])),
  ListSecretTags: namesSecretById,
  BatchCreateOrDeleteTags: namesTags(({ body }) => tagsIn(elementsOf(body.tags), body.action === 'delete')),
  DeleteSecretTag: namesTags(({ params }) => tagsIn([params], true)),
  ListProjectSecretsTags: namesNothing,
  ListResourceInstances: namesMany,
  CreateGrants: namesGranted('body'),
  UpdateGrant: namesGranted('query'),
  ListGrants: namesGranted('query'),
  DeleteGrant: namesGranted('query'),
  ShowSecretsConfig: namesNothing,
  UpdateSecretsConfig: namesNothing,
  CheckSecrets: namesNothing,
  CreateAgency: namesNothing,
  ShowAgency: namesNothing,
  ShowSecretFunctionTemplates: namesNothing,
  ListUsers: namesNothing,
  ShowUserDetail: namesNothing,
  UpdateUserPassword: namesNothing,
} as const satisfies Readonly<Record<string, ReadNamed>>;
