import { beforeEach, describe, expect, it } from 'vitest';
import type { Caller } from '../../../src/app/ports/deps.ts';
import {
  ADMIN_ID,
  BASE_URL,
  bodyOf,
  DOMAIN_ID,
  directoryOf,
  loginsOf,
  movableClock,
  NOW_MS,
  OTHER_PROJECT_ID,
  PROJECT_ID,
  READER_ID,
  refusalOf,
  USER,
} from '../fixtures.ts';

const directory = directoryOf();
const clock = movableClock();
const PROJECTS = { baseUrl: BASE_URL, path: '/v3/projects' };
const CALLER: Caller = {
  world: 'main',
  domainId: DOMAIN_ID,
  userId: ADMIN_ID,
  userName: 'admin',
  projectIds: new Set(),
  method: 'token',
  accessKeyId: undefined,
};
let { iam, login } = loginsOf(() => directory, clock);
beforeEach(() => {
  ({ iam, login } = loginsOf(() => directory, clock));
});

describe('the other IAM calls', () => {
  it('show what a token says, until it expires', async () => {
    const { token, body } = await login(bodyOf(USER, { domain: { name: 'acme' } }));
    expect(iam.showToken(CALLER, { token, baseUrl: BASE_URL, noCatalog: false })).toEqual(body);
    expect(
      refusalOf(() => iam.showToken(CALLER, { token: `${token}x`, baseUrl: BASE_URL, noCatalog: true })).code,
    ).toBe('subject-token-invalid');
    clock.advance(24 * 3_600_000);
    expect(refusalOf(() => iam.showToken(CALLER, { token, baseUrl: BASE_URL, noCatalog: true })).code).toBe(
      'subject-token-invalid',
    );
    clock.advance(-24 * 3_600_000);
    expect(clock.nowMs()).toBe(NOW_MS);
  });

  it('list the projects of the caller, whatever the token reaches', () => {
    const { projects } = iam.listProjects(CALLER, PROJECTS);
    expect(projects.map(({ id }) => id)).toEqual([PROJECT_ID, OTHER_PROJECT_ID]);
    const reader = { ...CALLER, userId: READER_ID, userName: 'reader' };
    expect(iam.listProjects(reader, PROJECTS).projects.map(({ name }) => name)).toEqual(['local-2']);
    expect(iam.listProjects({ ...CALLER, userId: 'gone' }, PROJECTS).projects).toEqual([]);
  });

  it.each([
    [{ name: 'local-1' }, 1],
    [{ name: 'local' }, 0],
    [{ name: '' }, 0],
    [{}, 2],
  ])('list projects by %j', (query, count) => {
    expect(iam.listProjects(CALLER, { ...query, ...PROJECTS }).projects).toHaveLength(count);
  });

  it('list the domain of the caller alone', () => {
    expect(iam.listDomains(CALLER, { baseUrl: BASE_URL }).domains.map(({ id }) => id)).toEqual([DOMAIN_ID]);
    expect(iam.listDomains({ ...CALLER, domainId: 'gone' }, { baseUrl: BASE_URL }).domains).toEqual([]);
  });

  it('list the caller alone among the users', () => {
    expect(iam.listUsers(CALLER, { name: 'admin', baseUrl: BASE_URL }).users).toMatchObject([
      { id: ADMIN_ID, name: 'admin', domain_id: DOMAIN_ID },
    ]);
    expect(iam.listUsers(CALLER, { name: 'reader', baseUrl: BASE_URL }).users).toEqual([]);
    expect(iam.listUsers({ ...CALLER, userId: 'gone' }, { baseUrl: BASE_URL }).users).toEqual([]);
  });
});
