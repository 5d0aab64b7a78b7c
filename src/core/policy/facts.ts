import type { Action } from './actions.ts';

/** Stands for a value that only the resource can tell. */
export const UNKNOWN: unique symbol = Symbol('unknown');
export type Unknown = typeof UNKNOWN;

/** A value of a condition key: times are epoch milliseconds, and a list belongs to a key with several values. */
export type ContextValue = string | number | boolean | readonly string[];

/** A tag; a request that removes tags has only their keys. */
export interface TagFact {
  readonly key: string;
  readonly value?: string | undefined;
}

/**
 * What conditions are compared with. Which actions have which keys is not its concern: it may have a value for a key that
 * the action lacks.
 */
export interface Facts {
  /** The region of this server, and the caller’s domain: two parts of the name of every resource. */
  readonly region: string;
  readonly domainId: string;
  /** The value of a key that is no tag, by its name in lower case; undefined: absent. */
  value(name: string, action: Action): ContextValue | Unknown | undefined;
  /** Tags with distinct keys. */
  tags(of: 'resource' | 'request', action: Action): readonly TagFact[] | Unknown;
}

/** What is true of a request whatever it is about. */
export interface RequestContext {
  readonly caller: {
    readonly userId: string;
    readonly userName: string;
    readonly domainId: string;
    readonly domainName: string;
  };
  /** That of the path. */
  readonly projectName: string | undefined;
  readonly region: string;
  /** The peer’s, never from a header; undefined: nobody knows. */
  readonly address: string | undefined;
  /** The header. */
  readonly userAgent: string | undefined;
  /** True over TLS; undefined: nobody knows. */
  readonly isSecure: boolean | undefined;
  /** When the token was issued, epoch milliseconds; undefined for a signature. */
  readonly tokenIssuedAtMs: number | undefined;
  readonly nowMs: number;
}

/**
 * What a request itself says of the resource. What it does not say, or says with a value of a wrong type, is undefined;
 * defaults are added here.
 */
export interface RequestFacts {
  /** Distinct keys. */
  readonly tags?: readonly TagFact[] | undefined;
  readonly secretType?: string | undefined;
  readonly enterpriseProjectId?: string | undefined;
  /** `kms_key_id`, as the id of a key. */
  readonly kmsKeyId?: string | undefined;
  /** `v3` or `latest`. */
  readonly versionId?: string | undefined;
  readonly stage?: string | undefined;
  readonly recoveryWindowDays?: number | undefined;
  /** By which it names the key, with or without `alias/`. */
  readonly requestAlias?: string | undefined;
  readonly pendingDays?: number | undefined;
  readonly encryptionAlgorithm?: string | undefined;
  readonly keySpec?: string | undefined;
  readonly keyUsage?: string | undefined;
  readonly keyOrigin?: string | undefined;
}

/** What every key of this server is. @see KMS API, CreateKey */
export const KEY_FACTS = Object.freeze({ origin: 'kms', spec: 'AES_256', usage: 'ENCRYPT_DECRYPT' });
const DEFAULTS = Object.freeze({
  enterpriseProjectId: '0',
  secretType: 'COMMON',
  recoveryWindowDays: 30,
  encryptionAlgorithm: 'SYMMETRIC_DEFAULT',
});

/** The facts of one request. Attributes of a resource that the request does not make are unknown. */
export function createFacts(context: RequestContext, request: RequestFacts): Facts {
  return {
    region: context.region,
    domainId: context.caller.domainId,
    value: (name, action) =>
      name.startsWith('g:')
        ? globalValue(context, request, name, action)
        : serviceValue(request, name, action),
    tags: (of) => (of === 'request' ? (request.tags ?? []) : UNKNOWN),
  };
}

function globalValue(
  context: RequestContext,
  request: RequestFacts,
  name: string,
  action: Action,
): ContextValue | Unknown | undefined {
  const { caller } = context;
  switch (name) {
    case 'g:currenttime':
      return context.nowMs;
    case 'g:sourceip':
      return context.address;
    case 'g:userid':
      return caller.userId;
    case 'g:username':
      return caller.userName;
    case 'g:domainid':
    case 'g:principalaccount':
      return caller.domainId;
    case 'g:domainname':
      return caller.domainName;
    case 'g:principalurn':
      return `iam::${caller.domainId}:user:${caller.userName}`;
    case 'g:principaltype':
      return 'User';
    case 'g:principalisrootuser':
      return false;
    case 'g:projectname':
      return context.projectName;
    case 'g:requestedregion':
      return context.region;
    case 'g:servicename':
      return action.service;
    case 'g:useragent':
      return context.userAgent;
    case 'g:securetransport':
      return context.isSecure;
    case 'g:tokenissuetime':
      return context.tokenIssuedAtMs;
    case 'g:enterpriseprojectid':
      return action.isMaking ? (request.enterpriseProjectId ?? DEFAULTS.enterpriseProjectId) : UNKNOWN;
    case 'g:tagkeys':
      return request.tags?.map(({ key }) => key);
    default:
      return undefined;
  }
}

function serviceValue(request: RequestFacts, name: string, { isMaking }: Action) {
  switch (name) {
    case 'csms:type':
      return isMaking ? (request.secretType ?? DEFAULTS.secretType) : UNKNOWN;
    case 'csms:kmskeyid':
      return request.kmsKeyId;
    case 'csms:versionid':
      return request.versionId === 'latest' ? UNKNOWN : request.versionId;
    case 'csms:versionstage':
      return request.stage;
    case 'csms:recoverywindowindays':
      return request.recoveryWindowDays ?? DEFAULTS.recoveryWindowDays;
    case 'kms:keyorigin':
      return isMaking ? (request.keyOrigin ?? KEY_FACTS.origin) : UNKNOWN;
    case 'kms:keyspec':
      return isMaking ? (request.keySpec ?? KEY_FACTS.spec) : UNKNOWN;
    case 'kms:keyusage':
      return isMaking ? (request.keyUsage ?? KEY_FACTS.usage) : UNKNOWN;
    case 'kms:requestalias':
      return request.requestAlias === undefined ? undefined : fullAlias(request.requestAlias);
    case 'kms:resourcealiases':
      return UNKNOWN;
    case 'kms:schedulekeydeletionpendingwindowindays':
      return request.pendingDays;
    case 'kms:encryptionalgorithm':
      return request.encryptionAlgorithm ?? DEFAULTS.encryptionAlgorithm;
    default:
      return undefined;
  }
}

/** An alias with `alias/` in front. */
export function fullAlias(alias: string): string {
  return alias.startsWith('alias/') ? alias : `alias/${alias}`;
}
