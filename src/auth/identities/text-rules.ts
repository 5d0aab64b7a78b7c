import type { TextRule } from '../../yaml/yaml-node.ts';

/** The id of a domain or user. */
export const ID: TextRule = { pattern: /^[0-9A-Za-z-]{1,64}$/, rule: '1 to 64 letters, digits or -' };
/** The id of a project. */
export const PROJECT_ID: TextRule = { pattern: /^[0-9A-Za-z]{32,64}$/, rule: '32 to 64 letters or digits' };
/** The name of a domain, project, user or policy. */
export const NAME: TextRule = {
  pattern: /^(?! )[^\p{Cc}\u2028\u2029]{1,128}(?<! )$/u,
  rule: '1 to 128 characters, without control characters and blanks at its ends',
};
/** The id of an access key: it stands between slashes, commas and equals signs in a signed request. */
export const ACCESS_KEY_ID: TextRule = {
  pattern: /^[\x21-\x2b\x2d-\x2e\x30-\x3c\x3e-\x7e]{1,128}$/,
  rule: '1 to 128 printable characters without blanks, commas, slashes and equals signs',
};
/** The secret of an access key. */
export const SECRET_KEY: TextRule = {
  pattern: /^[\x21-\x7e]{1,256}$/,
  rule: '1 to 256 printable characters without blanks',
};
