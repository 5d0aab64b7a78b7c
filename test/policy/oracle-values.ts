import type { Asked, Existing, Situation, Tag } from './situation.ts';
import { findTableKey, TABLE_ACTIONS } from './tables.ts';

/** As texts; none: absent. */
export type Value = 'unknown' | readonly string[];

/** What a condition key has. Keys of other services are always absent. */
export function values(written: string, { asked, resource, isAside }: Situation): Value {
  const found = findTableKey(written);
  if (found === undefined || found.key.letter === 'x') return [];
  const { key, tag } = found;
  const action = TABLE_ACTIONS.get(asked.action)!;
  if (key.letter === '-') return texts(ofEveryAction(key.name, asked));
  if (!action.keys.includes(key.letter)) return [];
  if (isAside === true) return 'unknown';
  const isMade = /:create$/.test(asked.action);
  if (isAttribute(key.name, asked, isMade)) {
    if (resource === undefined) return 'unknown';
    const value = ofResource(key.name, tag, resource);
    return value === 'unknown' ? 'unknown' : texts(value);
  }
  return texts(ofRequest(key.name, tag, asked));
}

type Written = string | number | boolean | readonly string[] | undefined;

function texts(value: Written): string[] {
  if (value === undefined) return [];
  return typeof value === 'object' ? [...value] : [String(value)];
}

/** Dates as people write them. */
const dateText = (time: number) => new Date(time).toISOString().replace('.000Z', 'Z');

function ofEveryAction(name: string, asked: Asked): Written {
  const { caller } = asked;
  const all: Record<string, Written> = {
    'g:CurrentTime': dateText(asked.now),
    'g:SourceIp': asked.address,
    'g:UserId': caller.userId,
    'g:UserName': caller.userName,
    'g:DomainId': caller.domainId,
    'g:DomainName': caller.domainName,
    'g:PrincipalAccount': caller.domainId,
    'g:PrincipalUrn': `iam::${caller.domainId}:user:${caller.userName}`,
    'g:PrincipalType': 'User',
    'g:PrincipalIsRootUser': false,
    'g:ProjectName': asked.project?.name,
    'g:RequestedRegion': asked.region,
    'g:ServiceName': asked.action.split(':')[0],
    'g:UserAgent': asked.userAgent,
    'g:SecureTransport': asked.isSecure,
    'g:TokenIssueTime': asked.tokenIssuedAt === undefined ? undefined : dateText(asked.tokenIssuedAt),
  };
  return all[name];
}

/** E, G, T, k and aliases of a resource that the request does not make, and V of `latest`. */
function isAttribute(name: string, { sent }: Asked, isMade: boolean): boolean {
  if (name === 'csms:VersionId') return sent.versionId === 'latest';
  if (name === 'kms:ResourceAliases') return true;
  return /^(?:g:EnterpriseProjectId|g:ResourceTag|csms:Type|kms:Key.*)$/.test(name) && !isMade;
}

function ofResource(name: string, tag: string, resource: Existing): Written | 'unknown' {
  const { aliases, enterpriseProjectId, latest, secretType, tags } = resource;
  const all: Record<string, Written> = {
    'g:EnterpriseProjectId': enterpriseProjectId,
    'g:ResourceTag': tagValue(tags, tag),
    'csms:Type': secretType,
    'csms:VersionId': latest === undefined ? 'unknown' : `v${latest}`,
    'kms:KeyOrigin': 'kms',
    'kms:KeySpec': 'AES_256',
    'kms:KeyUsage': 'ENCRYPT_DECRYPT',
    'kms:ResourceAliases': aliases.map((alias) => `alias/${alias}`),
  };
  return all[name];
}

function ofRequest(name: string, tag: string, { sent }: Asked): Written {
  const all: Record<string, Written> = {
    'g:EnterpriseProjectId': sent.enterpriseProjectId ?? '0',
    'g:RequestTag': tagValue(sent.tags ?? [], tag),
    'g:TagKeys': (sent.tags ?? []).map(({ key }) => key),
    'csms:Type': sent.secretType ?? 'COMMON',
    'csms:KmsKeyId': sent.kmsKeyId,
    'csms:VersionId': sent.versionId,
    'csms:VersionStage': sent.stage,
    'csms:RecoveryWindowInDays': sent.recoveryWindowDays ?? 30,
    'kms:KeyOrigin': 'kms',
    'kms:KeySpec': 'AES_256',
    'kms:KeyUsage': 'ENCRYPT_DECRYPT',
    'kms:RequestAlias': sent.requestAlias === undefined ? undefined : `alias/${sent.requestAlias}`,
    'kms:ScheduleKeyDeletionPendingWindowInDays': sent.pendingDays,
    'kms:EncryptionAlgorithm': sent.encryptionAlgorithm ?? 'SYMMETRIC_DEFAULT',
  };
  return all[name];
}

/** Exact spelling first, else the first in byte order that differs in case only. */
function tagValue(tags: readonly Tag[], wanted: string): string | undefined {
  const exact = tags.find(({ key }) => key === wanted);
  if (exact !== undefined) return exact.value;
  return tags
    .filter(({ key }) => key.toLowerCase() === wanted.toLowerCase())
    .sort((a, b) => Buffer.compare(Buffer.from(a.key), Buffer.from(b.key)))[0]?.value;
}

/** Whether what a key has fits a value by an operator without `Not`, prefix and suffix. Both are readable. */
export function fits(operator: string, own: string, want: string): boolean {
  switch (operator) {
    case 'StringEquals':
      return own === want;
    case 'StringEqualsIgnoreCase':
      return own.toLowerCase() === want.toLowerCase();
    case 'StringStartWith':
      return own.startsWith(want);
    case 'StringEndWith':
      return own.endsWith(want);
    case 'Bool':
      return own === want.toLowerCase();
    case 'IpAddress':
      return isInNetwork(own, want);
    default: {
      const read = operator.startsWith('Date') ? Date.parse : Number;
      const [left, right] = [read(own), read(want)];
      if (operator.endsWith('LessThan')) return left < right;
      if (operator.endsWith('LessThanEquals')) return left <= right;
      if (operator.endsWith('GreaterThan')) return left > right;
      return operator.endsWith('GreaterThanEquals') ? left >= right : left === right;
    }
  }
}

/** Whether an operator, without `Not`, prefix and suffix, can read a value. */
export function isReadable(operator: string, value: string): boolean {
  if (operator === 'Bool' || operator === 'Null') return /^(?:true|false)$/i.test(value);
  if (operator.startsWith('Number')) return /^-?\d+(?:\.\d+)?$/.test(value);
  if (operator === 'IpAddress') return networkOf(value) !== undefined;
  if (!operator.startsWith('Date')) return true;
  const [, date = ''] = /^(\d{4}-\d\d-\d\d)T\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)$/.exec(value) ?? [];
  const day = Date.parse(`${date}T00:00:00Z`);
  const isDay = !Number.isNaN(day) && new Date(day).toISOString().startsWith(date);
  return date !== '' && isDay && !Number.isNaN(Date.parse(value));
}

/** An IPv4-mapped IPv6 address is the IPv4 one. */
function isInNetwork(address: string, network: string): boolean {
  const [own, other] = [networkOf(address)!, networkOf(network)!];
  return (
    own.bits.length === other.bits.length &&
    own.bits.slice(0, other.prefix) === other.bits.slice(0, other.prefix)
  );
}

interface Bits {
  /** 32 or 128 of `0` and `1`. */
  readonly bits: string;
  readonly prefix: number;
}

function networkOf(written: string): Bits | undefined {
  const [address = '', prefix, ...others] = written.split('/');
  const bits = bitsOf4(address) ?? bitsOf6(address);
  if (bits === undefined || others.length > 0 || !/^(?:|0|[1-9]\d*)$/.test(prefix ?? '')) return undefined;
  if (prefix === '') return undefined;
  const length = Number(prefix ?? bits.length);
  if (length > bits.length) return undefined;
  const isMapped = bits.startsWith('0'.repeat(80) + '1'.repeat(16)) && bits.length === 128;
  return isMapped && length >= 96 ? { bits: bits.slice(96), prefix: length - 96 } : { bits, prefix: length };
}

const binary = (value: number, length: number) => value.toString(2).padStart(length, '0');

function bitsOf4(address: string): string | undefined {
  if (!/^\d{1,3}(?:\.\d{1,3}){3}$/.test(address)) return undefined;
  const bytes = address.split('.');
  if (bytes.some((byte) => Number(byte) > 255 || /^0\d/.test(byte))) return undefined;
  return bytes.map((byte) => binary(Number(byte), 8)).join('');
}

function bitsOf6(address: string): string | undefined {
  const tail = /[^:]*\.[^:]*$/.exec(address)?.[0];
  if (tail !== undefined) {
    const bits = bitsOf4(tail);
    if (bits === undefined) return undefined;
    const groups = [bits.slice(0, 16), bits.slice(16)].map((part) => Number.parseInt(part, 2).toString(16));
    return bitsOf6(address.slice(0, -tail.length) + groups.join(':'));
  }
  const halves = address.split('::');
  const groups = halves.map((half) => (half === '' ? [] : half.split(':')));
  if (halves.length > 2 || groups.flat().some((group) => !/^[\da-f]{1,4}$/i.test(group))) return undefined;
  const count = groups.flat().length;
  if (halves.length === 1 ? count !== 8 : count > 7) return undefined;
  const zeros = Array.from({ length: 8 - count }, () => '0');
  const all = halves.length === 1 ? groups.flat() : [...groups[0]!, ...zeros, ...groups[1]!];
  return all.map((group) => binary(Number.parseInt(group, 16), 16)).join('');
}
