import { describe, expect, it } from 'vitest';
import { ADMIN, ALPHA, shareServer } from '../../support/server.ts';
import { INVALID, ok, problem } from '../calls.ts';

const server = shareServer();

const generate = (body?: unknown, user = ADMIN, project = ALPHA) =>
  server.send({ method: 'POST', path: `/v1/${project}/csms/generate-password`, body }, user);
const passwordOf = async (body?: unknown): Promise<string> => ok(await generate(body)).password;

describe('GenerateRandomPassword', () => {
  it('makes 32 printable characters without a body, and others every time', async () => {
    const passwords = [];
    for (const body of [undefined, {}, { length: null, exclude_lowercase: null }])
      passwords.push(await passwordOf(body));
    for (const password of passwords) expect(password).toMatch(/^[!-~]{32}$/);
    expect(new Set(passwords).size).toBe(passwords.length);
  });

  it.each([1, 2, 255, 256, 4_096])('makes %i characters', async (length) => {
    expect(await passwordOf({ length })).toHaveLength(length);
  });

  it.each([
    ['exclude_lowercase', /^[^a-z]{4096}$/],
    ['exclude_uppercase', /^[^A-Z]{4096}$/],
    ['exclude_numbers', /^[^0-9]{4096}$/],
    ['exclude_punctuation', /^[a-zA-Z0-9]{4096}$/],
    ['include_space', /^(?=.* )[ -~]{4096}$/],
  ])('obeys %s', async (option, pattern) => {
    expect(await passwordOf({ length: 4_096, [option]: true })).toMatch(pattern);
    expect(await passwordOf({ length: 4_096, [option]: false })).not.toMatch(pattern);
  });

  it('leaves out single characters', async () => {
    expect(await passwordOf({ length: 4_096, exclude_characters: 'aA0"\\' })).not.toMatch(/[aA0"\\]/);
  });

  const NOTHING = {
    exclude_lowercase: true,
    exclude_uppercase: true,
    exclude_numbers: true,
    exclude_punctuation: true,
  };
  it.each([
    ['too short for one of each', { length: 3, require_each_included_type: true }, 'length'],
    ['nothing left', NOTHING, 'exclude_'],
    [
      'an emptied kind',
      { exclude_characters: '0123456789', require_each_included_type: true },
      'exclude_characters',
    ],
  ])('refuses %s, by its name', async (_, body, named) => {
    const answer = await generate(body);
    expect(problem(answer)).toEqual(INVALID);
    expect(answer.json.error_msg).toContain(named);
  });

  it('takes the empty name of a policy as none', async () => {
    expect(await passwordOf({ password_policy_name: '' })).toHaveLength(32);
  });

  it('logs no password', async () => {
    const password = await passwordOf({ exclude_punctuation: true });
    expect(server.logText()).not.toContain(password);
  });
});
