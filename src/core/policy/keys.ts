import type { KeyLetter } from './actions.ts';

/** What the values of a condition key are. */
export type ValueType = 'string' | 'number' | 'date' | 'bool' | 'ip';

/** A condition key as the documents spell it. */
export interface ConditionKey {
  readonly name: string;
  readonly type: ValueType;
  /** Only actions with this letter have it; undefined: every action. */
  readonly letter?: KeyLetter;
  /** A list of values. */
  readonly isMulti?: true;
  /** The key of a tag follows after a slash. */
  readonly isOfTags?: true;
  /** Nothing here has a value for it. */
  readonly isAbsent?: true;
}

const text = (name: string, more: Omit<ConditionKey, 'name' | 'type'> = {}): ConditionKey => ({
  name,
  type: 'string',
  ...more,
});
const absent = (name: string, type: ValueType = 'string'): ConditionKey => ({ name, type, isAbsent: true });

/** Every condition key of this server’s services. @see docs/adr/0070-policies.md */
export const CONDITION_KEYS: readonly ConditionKey[] = [
  { name: 'g:CurrentTime', type: 'date' },
  { name: 'g:SourceIp', type: 'ip' },
  ...['g:UserId', 'g:UserName', 'g:DomainId', 'g:DomainName', 'g:PrincipalAccount'].map((name) => text(name)),
  ...['g:PrincipalUrn', 'g:PrincipalType', 'g:ProjectName'].map((name) => text(name)),
  { name: 'g:PrincipalIsRootUser', type: 'bool' },
  ...['g:RequestedRegion', 'g:ServiceName', 'g:UserAgent'].map((name) => text(name)),
  { name: 'g:SecureTransport', type: 'bool' },
  { name: 'g:TokenIssueTime', type: 'date' },
  absent('g:MFAPresent', 'bool'),
  absent('g:ViaService', 'bool'),
  absent('g:MFAAge', 'number'),
  absent('g:VpcSourceIp', 'ip'),
  ...['g:SourceVpc', 'g:SourceVpce', 'g:CalledVia', 'g:PrincipalOrgId'].map((name) => absent(name)),
  ...['g:PrincipalOrgPath', 'g:SourceIdentity', 'g:Referer'].map((name) => absent(name)),
  { ...absent('g:PrincipalTag'), isOfTags: true },
  text('g:EnterpriseProjectId', { letter: 'E' }),
  text('g:ResourceTag', { letter: 'G', isOfTags: true }),
  text('g:RequestTag', { letter: 'Q', isOfTags: true }),
  text('g:TagKeys', { letter: 'Q', isMulti: true }),
  text('csms:Type', { letter: 'T' }),
  text('csms:KmsKeyId', { letter: 'K' }),
  text('csms:VersionId', { letter: 'V' }),
  text('csms:VersionStage', { letter: 'S' }),
  { name: 'csms:RecoveryWindowInDays', type: 'number', letter: 'R' },
  ...['kms:KeyOrigin', 'kms:KeySpec', 'kms:KeyUsage'].map((name) => text(name, { letter: 'k' })),
  ...['kms:MultiRegionKeyType', 'kms:EncryptionContext', 'kms:RecipientAttestation'].map((name) =>
    absent(name),
  ),
  text('kms:RequestAlias', { letter: 'a' }),
  text('kms:ResourceAliases', { letter: 'a', isMulti: true }),
  { name: 'kms:ScheduleKeyDeletionPendingWindowInDays', type: 'number', letter: 'D' },
  text('kms:EncryptionAlgorithm', { letter: 'A' }),
];

/** A condition key as a policy names it: plain data. */
export interface NamedKey {
  /** In lower case, without the key of a tag. */
  readonly name: string;
  /** The key of the tag, as written. */
  readonly tag: string | undefined;
  /** Undefined for a key of another service. */
  readonly type: ValueType | undefined;
  readonly letter: KeyLetter | undefined;
  readonly isMulti: boolean;
  /** True when nothing has a value for it. */
  readonly isAbsent: boolean;
}

const BY_NAME = new Map(CONDITION_KEYS.map((key) => [key.name.toLowerCase(), key]));
const OWN = /^(?:g|csms|kms):/;

/** Finds a condition key by its name in any case; undefined for an unknown key of `g:`, `csms:` or `kms:`. */
export function findKey(written: string): NamedKey | undefined {
  const lower = written.toLowerCase();
  const plain = BY_NAME.get(lower);
  if (plain !== undefined && plain.isOfTags !== true) return named(lower, undefined, plain);
  const slash = written.indexOf('/');
  const name = written.slice(0, Math.max(slash, 0)).toLowerCase();
  const key = BY_NAME.get(name);
  const tag = written.slice(slash + 1);
  if (key?.isOfTags === true && tag !== '') return named(name, tag, key);
  return OWN.test(lower) ? undefined : named(lower, undefined, undefined);
}

function named(name: string, tag: string | undefined, key: ConditionKey | undefined): NamedKey {
  return Object.freeze({
    name,
    tag,
    type: key?.type,
    letter: key?.letter,
    isMulti: key?.isMulti === true,
    isAbsent: key === undefined || key.isAbsent === true,
  });
}
