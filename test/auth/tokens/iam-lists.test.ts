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
    expect(iam.showToken({ token, baseUrl: BASE_URL, noCatalog: false })).toEqual(body);
    expect(
      refusalOf(() => iam.showToken({ token: `${token}x`, baseUrl: BASE_URL, noCatalog: true })).code,
    ).toBe('unauthenticated');
    clock.advance(24 * 3_600_000);
    expect(refusalOf(() => iam.showToken({ token, baseUrl: BASE_URL, noCatalog: true })).code).toBe(
      'token-expired',
    );
    clock.advance(-24 * 3_600_000);
    expect(clock.nowMs()).toBe(NOW_MS);
  });

  it('list the projects of the caller, whatever the token reaches', () => {
    expect(iam.listProjects(CALLER, PROJECTS)).toEqual({
      projects: [
        { id: PROJECT_ID, name: 'local-1', ...projectMembers(PROJECT_ID) },
        { id: OTHER_PROJECT_ID, name: 'local-2', ...projectMembers(OTHER_PROJECT_ID) },
      ],
      links: { self: 'http://127.0.0.1:4280/v3/projects', next: null, previous: null },
    });
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

  it('list them under the path that was asked', () => {
    const { links, projects } = iam.listProjects(CALLER, { ...PROJECTS, path: '/v3/auth/projects' });
    expect(links.self).toBe('http://127.0.0.1:4280/v3/auth/projects');
    expect(projects[0]?.links.self).toBe(`http://127.0.0.1:4280/v3/projects/${PROJECT_ID}`);
  });

  it('list the domain of the caller alone', () => {
    const links = { self: `http://127.0.0.1:4280/v3/domains/${DOMAIN_ID}` };
    expect(iam.listDomains(CALLER, { baseUrl: BASE_URL })).toEqual({
      domains: [{ id: DOMAIN_ID, name: 'acme', enabled: true, description: '', links }],
      links: { self: 'http://127.0.0.1:4280/v3/auth/domains', next: null, previous: null },
    });
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

function projectMembers(id: string) {
  return {
    domain_id: DOMAIN_ID,
    parent_id: DOMAIN_ID,
    is_domain: false,
    enabled: true,
    description: '',
    links: { self: `http://127.0.0.1:4280/v3/projects/${id}` },
  };
}
