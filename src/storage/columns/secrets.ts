import type { Grant, Grantee } from '../../core/identity/grants.ts';
import type { Secret, Stage, Tag, Version } from '../../core/secrets/secrets.ts';
import { defineTable, flag, names, optional, otherwise, plain } from './fields.ts';

/** A secret's own row. Its contents are authenticated through a digest. */
export const SECRET = defineTable<Secret>({
  name: 'secret',
  kind: 'secret/2',
  key: ['project_id', 'name'],
  fields: {
    id: plain(),
    projectId: plain(),
    name: plain(),
    state: plain(),
    stateBeforeDeletion: optional(),
    kmsKeyId: plain(),
    description: plain(),
    createTimeMs: plain(),
    updateTimeMs: plain(),
    scheduledDeleteTimeMs: optional(),
    secretType: plain(),
    autoRotation: flag(),
    rotationPeriod: optional(),
    rotationConfig: optional(),
    rotationFuncUrn: optional(),
    rotationTimeMs: optional(),
    nextRotationTimeMs: optional(),
    eventSubscriptions: names(),
    enterpriseProjectId: plain(),
    lastVersionNumber: plain(),
    revision: plain(),
  },
  more: ['contents_digest'],
});

/** A version of a secret. */
export const VERSION = defineTable<Version>({
  name: 'version',
  fields: {
    number: plain(),
    uid: plain(),
    kind: plain(),
    kmsKeyId: plain(),
    createTimeMs: plain(),
    expireTimeMs: optional(),
    expiryNotified: otherwise(false, flag()),
    slot: plain(),
  },
});

/** A stage of a secret. */
export const STAGE = defineTable<Stage>({
  name: 'stage',
  fields: { name: plain(), versionNumber: plain(), updateTimeMs: plain(), slot: plain() },
});

/** A tag of a secret. */
export const TAG = defineTable<Tag>({ name: 'secret_tag', fields: { key: plain(), value: plain() } });

/** Begins the texts of versions, stages and tags, whose digest is in their secret's row. */
export const CONTENTS_KIND = 'contents/2';

/** A permission; its secret is named by the secret's row. */
export const GRANT = defineTable<
  Omit<Grant, 'projectId' | 'secretId'>,
  Omit<Grant, 'projectId' | 'secretId' | 'grantee'> & {
    readonly granteeType: Grantee['type'];
    readonly granteeId: string;
  }
>({
  name: 'secret_grant',
  kind: 'grant/2',
  key: ['id'],
  fields: {
    id: plain(),
    granteeType: plain(),
    granteeId: plain(),
    createTimeMs: plain(),
    updateTimeMs: plain(),
    expireTimeMs: optional(),
    revision: plain(),
  },
  more: ['project_id', 'secret_id'],
  flatten: ({ grantee, ...grant }) => ({ ...grant, granteeType: grantee.type, granteeId: grantee.id }),
  gather: ({ granteeType, granteeId, ...grant }) => ({
    ...grant,
    grantee: { type: granteeType, id: granteeId },
  }),
});
