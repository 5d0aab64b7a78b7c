import type { Federation } from '../../app/ports/deps.ts';
import { BUILT_IN_DOCUMENTS } from '../../core/policy/built-in.ts';
import type { PolicyDocument } from '../../core/policy/document.ts';
import type { IdentityProvider } from '../federation/providers.ts';
import type { ScryptCost } from '../logins/password.ts';
import type { RequestKey } from '../signatures/algorithms.ts';

/** An account. */
export interface Domain {
  readonly id: string;
  readonly name: string;
  readonly projects: readonly Project[];
  /** Those of the file; DEFAULT_ENTERPRISE_PROJECT is in every domain. */
  readonly enterpriseProjects: readonly EnterpriseProject[];
  /** In the order of the file. */
  readonly groups: readonly Group[];
}

/** A share of a domain's secrets and keys, across its projects. */
export interface EnterpriseProject {
  readonly id: string;
  readonly name: string;
}

/** Users of a domain who have policies in common, and who can be granted something together. */
export interface Group {
  readonly id: string;
  readonly name: string;
  readonly domainId: string;
  readonly policies: readonly PolicyReference[];
}

/** A policy that a user or a group has, by name, and where it counts. */
export interface PolicyReference {
  /** Of the file or of BUILT_IN_POLICIES. */
  readonly name: string;
  /** Counts in requests to these projects, and in those outside any project; undefined: everywhere. */
  readonly projectIds: readonly string[] | undefined;
  /** Counts for what is in one of these; undefined: for everything. */
  readonly enterpriseProjectIds: readonly string[] | undefined;
}

/** A region's share of a domain. */
export interface Project {
  readonly id: string;
  readonly name: string;
  readonly domainId: string;
}

/** A policy of the identities file; built-in ones have only a name. */
export interface Policy {
  readonly name: string;
  readonly document: PolicyDocument;
}

/** A user who may call the API. */
export interface User {
  readonly id: string;
  readonly name: string;
  readonly domainId: string;
  readonly domainName: string;
  /** PHC string; undefined: no password logins. */
  readonly passwordHash: string | undefined;
  /** True: keys, tokens and password are as if they did not exist. */
  readonly isDisabled: boolean;
  /** No policies decide over it, and it may do everything: a user that only tests have. */
  readonly isUnrestricted?: true;
  /** Its own, without those of its groups. */
  readonly policies: readonly PolicyReference[];
  /** Of its domain. */
  readonly groups: readonly Group[];
  /** The named projects, or all of the domain. */
  readonly projects: readonly Project[];
  readonly projectIds: ReadonlySet<string>;
  /** Absent: it has none. */
  readonly certificates?: UserCertificates | undefined;
}

/** The client certificates of a user. */
export interface UserCertificates {
  /** `sha256:<hex>`, `URI:…`, `DNS:…` or `email:…`: a certificate that has one of them is the user's. */
  readonly names: readonly string[];
  /** True: other credentials count only on a connection with one of them. False: one of them is enough. */
  readonly isRequired: boolean;
}

/** An access key with its owner. */
export interface AccessKey {
  readonly key: RequestKey;
  readonly user: User;
}

/** An access key as the file has it. */
export interface AccessKeyEntry {
  readonly accessKeyId: string;
  readonly user: User;
  /** Undefined: the key or its user is disabled, and the secret is not read. */
  readonly key: RequestKey | undefined;
  /** The absolute path of sk_file, where the secret is in one. */
  readonly secretFile: string | undefined;
}

/** Names one user: by id, or by name and domain. Every part that is given must fit. */
export interface UserQuery {
  readonly userId?: string | undefined;
  readonly userName?: string | undefined;
  readonly domainId?: string | undefined;
  readonly domainName?: string | undefined;
}

/** What a directory is made of: names resolved, ids distinct. */
export interface DirectoryContents {
  readonly domains: readonly Domain[];
  readonly users: readonly User[];
  readonly accessKeys: readonly AccessKeyEntry[];
  readonly policies: readonly Policy[];
  readonly providers: readonly IdentityProvider[];
  readonly usesPolicies: boolean;
}

/** Whom credentials are for. */
export interface PrincipalQuery {
  readonly userId: string;
  readonly federation?: Federation | undefined;
}

/** All identities of one reading of the file; immutable, so a reload replaces it as a whole. */
export interface Directory {
  /** By id. */
  readonly domains: ReadonlyMap<string, Domain>;
  /** By name; built-in policies are not among them. */
  readonly policies: ReadonlyMap<string, Policy>;
  /** By id. */
  readonly providers: ReadonlyMap<string, IdentityProvider>;
  /** What each of the passwords' hashes costs. */
  readonly passwordCosts: readonly ScryptCost[];
  /** By id, without disabled ones and those of disabled users. */
  readonly accessKeys: ReadonlyMap<string, AccessKey>;
  /**
   * False: the file has no list of policies at all, and every user may do everything in the own projects.
   * @see docs/adr/0069-files-without-policies.md
   */
  readonly usesPolicies: boolean;
  /** Not a disabled one, nor one of a disabled user. */
  findAccessKey(accessKeyId: string): AccessKey | undefined;
  /** Not a disabled user. */
  findUser(query: UserQuery): User | undefined;
  /** Not a disabled user. */
  findUserById(userId: string): User | undefined;
  /** Whom credentials are for at present; undefined: nobody any more, or a disabled user. */
  findPrincipal(query: PrincipalQuery): User | undefined;
  /** The one user for whom a certificate of these names is enough. Not a disabled user. */
  findByCertificate(names: readonly string[]): User | undefined;
  /**
   * Whom a rule lets in: its user, or a member of its group that exists only for the credentials' subject. Undefined: the
   * rule is gone, or its user, group or one of its projects, or the user is disabled.
   */
  findFederated(federation: Federation): User | undefined;
  /** A disabled one too: for what names users, never for what lets them in. */
  findMember(userId: string): User | undefined;
  findGroup(groupId: string): Group | undefined;
  findGroupByName(domainId: string, name: string): Group | undefined;
  /** In the order of the file, disabled ones too. */
  usersOf(domainId: string): readonly User[];
}

/** What belongs to no other enterprise project. @see EPS API: id 0, name default */
export const DEFAULT_ENTERPRISE_PROJECT: EnterpriseProject = Object.freeze({ id: '0', name: 'default' });

/** Names of policies that need no document in the file. */
export const BUILT_IN_POLICIES: ReadonlySet<string> = new Set(BUILT_IN_DOCUMENTS.keys());
