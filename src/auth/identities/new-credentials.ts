import { ALPHANUMERICS, LETTERS, randomText } from '../../std/random-text.ts';

/** What a user calls and logs in with, in plaintext. */
export interface PlainCredentials {
  readonly accessKeyId: string;
  readonly secretKey: string;
  readonly password: string;
}

/** Credentials that may be absent. */
export type GivenCredentials = {
  readonly [K in keyof PlainCredentials]?: PlainCredentials[K] | undefined;
};

/** Generates credentials; what is given is used as it is. */
export function createCredentials(given: GivenCredentials = {}): PlainCredentials {
  return {
    accessKeyId: given.accessKeyId ?? `AK${randomText(18, `${LETTERS}0123456789`)}`,
    secretKey: given.secretKey ?? randomText(40, ALPHANUMERICS),
    password: given.password ?? randomText(20, ALPHANUMERICS),
  };
}
