import type { ProvenCaller, RawRequest } from './deps.ts';
import type { IdentityBody } from './identity.ts';

/** Access keys for a while. */
export interface TemporaryKeys {
  /**
   * Issues one for the credentials of the request, or for a token in its body. `admit` counts it against the user's rate.
   * Throws login-invalid, temporary-key-refused (temporary credentials get no further ones), unauthenticated,
   * token-expired, credentials-unsupported, and what `admit` throws.
   */
  issue(input: {
    readonly request: RawRequest;
    /** Reads the body. Throws login-invalid. */
    readonly body: () => unknown;
    readonly admit: (owner: Pick<ProvenCaller, 'world' | 'userId'>) => void;
  }): IdentityBody;
}
