/** What the two evaluators are given, in the words of those who write policies. */

export interface WrittenStatement {
  readonly Sid?: string;
  readonly Effect: 'Allow' | 'Deny';
  readonly Action?: string | readonly string[];
  readonly NotAction?: string | readonly string[];
  readonly Resource?: string | readonly string[];
  readonly NotResource?: string | readonly string[];
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, string | readonly string[]>>>>;
}

export interface WrittenDocument {
  readonly Version: '1.1' | '5.0';
  readonly Statement: readonly WrittenStatement[];
}

/** A policy of a user or one of its groups, with its scope. */
export interface WrittenPolicy {
  readonly name: string;
  readonly via: 'user' | `group:${string}`;
  readonly document: WrittenDocument;
  readonly projectIds?: readonly string[] | undefined;
  readonly enterpriseProjectIds?: readonly string[] | undefined;
}

/** What a caller asks for. */
export interface Asked {
  readonly action: string;
  readonly caller: {
    readonly userId: string;
    readonly userName: string;
    readonly domainId: string;
    readonly domainName: string;
  };
  /** Undefined: outside of any. */
  readonly project: { readonly id: string; readonly name: string } | undefined;
  readonly region: string;
  readonly address: string;
  readonly userAgent: string | undefined;
  readonly isSecure: boolean;
  readonly tokenIssuedAt: number | undefined;
  readonly now: number;
  /** Undefined: an id of a secret or an alias names the resource. */
  readonly path: string | undefined;
  /** What the request says. */
  readonly sent: Sent;
  /** A grant in force gives the action. */
  readonly isGranted: boolean;
}

export interface Sent {
  readonly tags?: readonly Tag[] | undefined;
  readonly secretType?: string | undefined;
  readonly enterpriseProjectId?: string | undefined;
  readonly kmsKeyId?: string | undefined;
  readonly versionId?: string | undefined;
  readonly stage?: string | undefined;
  readonly recoveryWindowDays?: number | undefined;
  readonly requestAlias?: string | undefined;
  readonly pendingDays?: number | undefined;
  readonly encryptionAlgorithm?: string | undefined;
}

export interface Tag {
  readonly key: string;
  readonly value?: string | undefined;
}

/** A resource that is there. */
export interface Existing {
  readonly path: string;
  readonly enterpriseProjectId: string;
  readonly tags: readonly Tag[];
  readonly secretType: string;
  readonly aliases: readonly string[];
  /** That of `latest`; undefined: it is not there. */
  readonly latest: number | undefined;
}

/** What is asked, and what is known of the resource; undefined: nothing. */
export interface Situation {
  readonly asked: Asked;
  readonly resource: Existing | undefined;
  /** In the open check, what differs by row or item is set aside. */
  readonly isAside?: boolean;
}
