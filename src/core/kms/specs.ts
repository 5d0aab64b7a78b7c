/**
 * The kinds of key that the key service knows, and whether its lists can be narrowed down to them. @see KMS API,
 * CreateKey, ListKeys
 */
export const KEY_SPECS = Object.freeze({
  AES_256: { isListed: true },
  SM4: { isListed: true },
  RSA_2048: { isListed: true },
  RSA_3072: { isListed: true },
  RSA_4096: { isListed: true },
  EC_P256: { isListed: true },
  EC_P384: { isListed: true },
  SECP256K1: { isListed: false },
  SM2: { isListed: true },
});
export type KeySpec = keyof typeof KEY_SPECS;

/** The one kind that keys of this server have. */
export const OFFERED_KEY_SPEC: KeySpec = 'AES_256';
