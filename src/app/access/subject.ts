import type { OperationId } from '../../core/operations.ts';
import type { RequestFacts } from '../../core/policy/facts.ts';
import type { Caller } from '../caller.ts';

/** What a request names, as far as it says so by itself. Absent texts: what it should name is missing or of a wrong type. */
export type Subject =
  /** Its action has no type of resource. */
  | { readonly kind: 'none' }
  /** A list whose rows are decided one by one, or a batch whose items are. */
  | { readonly kind: 'many' }
  | { readonly kind: 'secret'; readonly name: string | undefined; readonly version?: 'latest' | undefined }
  | { readonly kind: 'secret-by-id'; readonly id: string | undefined }
  /** A secret that the request makes. */
  | { readonly kind: 'new-secret'; readonly name: string | undefined }
  /** A secret that the request makes of what its blob holds. */
  | { readonly kind: 'blob'; readonly text: string | undefined }
  /** By id, alias, or URN of an alias. */
  | { readonly kind: 'key'; readonly keyId: string | undefined }
  /** The key that a ciphertext was made with. */
  | CiphertextSubject
  | { readonly kind: 'new-key' };

/** A ciphertext as a request has it. */
export interface CiphertextSubject {
  readonly kind: 'ciphertext';
  /** Base64. */
  readonly text: string | undefined;
  /** What it is authenticated with. */
  readonly aad: string | undefined;
  /** The key that the request names beside it, if any. */
  readonly keyId: string | undefined;
}

/** What a request names, and what else of it policies may consider. */
export interface Named {
  readonly subject: Subject;
  readonly facts?: RequestFacts;
  /** The key of a new or changed secret, as it is named: by id, alias, or URN of an alias; absent: none is named. */
  readonly kmsKeyId?: string | undefined;
}

/** What is to be decided: by whom, where, and what is named. */
export interface AccessRequest extends Named {
  /** Whose action it is: that of the request, or of one item of a batch. */
  readonly operation: OperationId;
  /** Absent outside projects. */
  readonly projectId: string | undefined;
  readonly caller: Caller;
  /** The other end of the connection, be it a proxy; undefined: it is gone. */
  readonly address: string | undefined;
  readonly userAgent: string | undefined;
  /** Whether it came over TLS. */
  readonly isSecure: boolean;
}
