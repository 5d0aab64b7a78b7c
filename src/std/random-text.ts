import { randomInt } from 'node:crypto';

/** The letters A to Z. */
export const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ';
/** Letters of both cases, and digits. */
export const ALPHANUMERICS: string = `${LETTERS}${LETTERS.toLowerCase()}0123456789`;

/** So many characters of the alphabet, each chosen by the operating system's randomness. */
export function randomText(length: number, alphabet: string): string {
  return Array.from({ length }, () => alphabet[randomInt(alphabet.length)]).join('');
}
