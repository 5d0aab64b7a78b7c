import type { Revocation } from '../../core/identity/revocations.ts';
import type { Caller } from '../caller.ts';

/** Stores a revocation durably. */
export type StoreRevocation = (revocation: Revocation) => Promise<void>;

/** A body in the identity service's own wire form. */
export type IdentityBody = object;

/** The slice of the identity service that clients need. `baseUrl` is the server's address as the caller knows it. */
export interface IdentityService {
  /**
   * Checks a password, or a token that is exchanged for another. `address` is the peer's; `issuedAtMs` is by the clock that
   * the token lives by.
   * Throws login-invalid, login-refused, scope-refused, throttled, unauthenticated, token-expired.
   */
  createTokenFor(input: {
    readonly body: unknown;
    readonly address: string;
    readonly baseUrl: string;
    readonly noCatalog: boolean;
  }): Promise<{ readonly token: string; readonly issuedAtMs: number; readonly body: IdentityBody }>;
  /**
   * Checks an ID token of an identity provider, which `providerId` names.
   * Throws id-token-invalid, id-token-refused, scope-refused, throttled; unavailable: the keys of the issuer cannot be had.
   */
  createTokenForIdToken(input: {
    readonly providerId: string;
    readonly body: unknown;
    readonly address: string;
    readonly baseUrl: string;
    readonly noCatalog: boolean;
  }): Promise<{ readonly token: string; readonly issuedAtMs: number; readonly body: IdentityBody }>;
  /** What a token of the caller's domain says. Throws subject-token-invalid. */
  showToken(
    caller: Caller,
    input: { readonly token: string; readonly baseUrl: string; readonly noCatalog: boolean },
  ): IdentityBody;
  /**
   * Refuses one of the caller's tokens from now on, durably; tokens and keys that were obtained with it stay.
   * Throws subject-token-invalid, subject-token-foreign (another user's), throttled, and what a change throws.
   */
  revokeToken(caller: Caller, token: string, store: StoreRevocation): Promise<void>;
  /** The caller itself, unless `name` is another's. */
  listUsers(
    caller: Caller,
    query: { readonly baseUrl: string; readonly name?: string | undefined },
  ): IdentityBody;
  /** The caller's projects; `path` is that of the request. */
  listProjects(
    caller: Caller,
    query: { readonly baseUrl: string; readonly path: string; readonly name?: string | undefined },
  ): { readonly projects: readonly { readonly name: string }[] };
  /** The services that the server offers. */
  listServices(query: { readonly baseUrl: string; readonly type?: string | undefined }): IdentityBody;
  /** Their endpoints. */
  listEndpoints(query: {
    readonly baseUrl: string;
    readonly interface?: string | undefined;
    readonly service_id?: string | undefined;
  }): IdentityBody;
  /** Both together, as in tokens. */
  showCatalog(query: { readonly baseUrl: string }): IdentityBody;
  /** The version of the identity service. */
  showVersion(query: { readonly baseUrl: string }): IdentityBody;
  /** The caller's own domain. */
  listDomains(caller: Caller, query: { readonly baseUrl: string }): IdentityBody;
}
