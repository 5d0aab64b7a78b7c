import { elementsOf, namesMany, namesNothing, type ReadNamed, tagsIn, textIn } from '../requests/named.ts';

const namesKey: ReadNamed = ({ body }) => ({ subject: { kind: 'key', keyId: textIn(body.key_id) } });
const namesKeyInPath: ReadNamed = ({ params }) => ({
  subject: { kind: 'key', keyId: textIn(params.key_id) },
});
const namesEncryption: ReadNamed = (parts) => ({
  ...namesKey(parts),
  facts: { encryptionAlgorithm: textIn(parts.body.encryption_algorithm) },
});

/** What the requests of each operation on keys name. */
export const KMS_NAMED = {
  CreateKey: ({ body }) => ({
    subject: { kind: 'new-key' },
    facts: {
      keySpec: textIn(body.key_spec),
      keyUsage: textIn(body.key_usage),
      keyOrigin: textIn(body.origin),
      enterpriseProjectId: textIn(body.enterprise_project_id) || undefined,
    },
  }),
  ListKeyDetail: namesKey,
  ListKeys: namesMany,
  UpdateKeyAlias: namesKey,
  UpdateKeyDescription: namesKey,
  EnableKey: namesKey,
  DisableKey: namesKey,
  DeleteKey: (parts) => {
    const { pending_days: days } = parts.body;
    const isNumber = typeof days === 'number' || (typeof days === 'string' && /^[0-9]{1,10}$/.test(days));
    return { ...namesKey(parts), ...(isNumber && { facts: { pendingDays: Number(days) } }) };
  },
  CancelKeyDeletion: namesKey,
  ShowUserInstances: namesNothing,
  ShowUserQuotas: namesNothing,
  EnableKeyRotation: namesKey,
  DisableKeyRotation: namesKey,
  UpdateKeyRotationInterval: namesKey,
  ShowKeyRotationStatus: namesKey,
  CreateAlias: namesKey,
  DeleteAlias: namesKey,
  ListAliases: namesMany,
  CreateKmsTag: (parts) => ({ ...namesKeyInPath(parts), facts: { tags: tagsIn([parts.body.tag]) } }),
  ShowKmsTags: namesKeyInPath,
  BatchCreateKmsTags: (parts) => {
    const tags = tagsIn(elementsOf(parts.body.tags), parts.body.action === 'delete');
    return { ...namesKeyInPath(parts), facts: { tags } };
  },
  DeleteTag: (parts) => ({ ...namesKeyInPath(parts), facts: { tags: tagsIn([parts.params], true) } }),
  ListKmsTags: namesNothing,
  ListKmsByTags: namesMany,
  CreateDatakey: namesKey,
  CreateDatakeyWithoutPlaintext: namesKey,
  EncryptDatakey: namesKey,
  DecryptDatakey: namesKey,
  EncryptData: namesEncryption,
  // The key in the ciphertext counts, whichever the request names beside it.
  DecryptData: (parts) => ({
    ...namesEncryption(parts),
    subject: {
      kind: 'ciphertext',
      text: textIn(parts.body.cipher_text),
      aad: textIn(parts.body.additional_authenticated_data),
      keyId: textIn(parts.body.key_id),
    },
  }),
  CreateRandom: namesNothing,
} as const satisfies Readonly<Record<string, ReadNamed>>;
