/** The installation's one key that signs notifications, as it is stored. */
export interface SigningKey {
  /** X.509, PEM; public. */
  readonly certificatePem: string;
  /** PKCS #8, sealed under the key-encryption key. */
  readonly sealedPrivateKey: Uint8Array;
  readonly createTimeMs: number;
}

/** What the rules for the signing key see. */
export interface SigningKeyScope {
  readonly current: SigningKey | undefined;
}

/** Stores the key unless there is one. */
export interface SigningKeyCommand {
  readonly aggregate: 'signing-key';
  readonly kind: 'ensure-signing-key';
  readonly key: SigningKey;
  readonly nowMs: number;
}

/** The key after the change; the same object as before when there was one. */
export interface SigningKeyDecision {
  readonly next: SigningKey;
  readonly result: SigningKey;
}

/** Keeps the first key: receivers may have stored its certificate. */
export function decideSigningKey(
  { current }: SigningKeyScope,
  command: SigningKeyCommand,
): SigningKeyDecision {
  const next = current ?? command.key;
  return { next, result: next };
}
