import { describe, expect, it } from 'vitest';
import {
  ADMIN_ID,
  AK,
  DOMAIN_ID,
  directoryOf,
  OTHER_PROJECT_ID,
  PROJECT_ID,
  READER_ID,
} from '../fixtures.ts';

const directory = directoryOf();
const acme = { domainId: DOMAIN_ID, domainName: 'acme' };

describe('the directory', () => {
  it('finds an access key with its owner', () => {
    expect(directory.findAccessKey(AK)?.user.id).toBe(ADMIN_ID);
    for (const absent of ['', AK.toLowerCase(), '__proto__', 'constructor']) {
      expect(directory.findAccessKey(absent)).toBeUndefined();
    }
  });

  it.each([
    { userId: ADMIN_ID },
    { userId: ADMIN_ID, ...acme },
    { userName: 'admin', domainName: 'acme' },
    { userName: 'admin', domainId: DOMAIN_ID },
    { userId: ADMIN_ID, userName: 'admin', ...acme },
  ])('finds a user by %j', (query) => {
    expect(directory.findUser(query)?.id).toBe(ADMIN_ID);
  });

  it.each([
    {},
    { userName: 'admin' },
    acme,
    { userId: READER_ID, userName: 'admin' },
    { userId: ADMIN_ID, domainName: 'other' },
    { userId: ADMIN_ID, domainId: '2'.repeat(32) },
    { userName: 'admin', domainName: 'other' },
    { userName: 'admin', domainName: 'absent' },
    { userName: 'admin', domainId: DOMAIN_ID, domainName: 'other' },
    { userName: 'Admin', domainName: 'acme' },
  ])('finds nobody by %j', (query) => {
    expect(directory.findUser(query)).toBeUndefined();
  });

  it('gives a user all projects of the domain, or the named ones', () => {
    const admin = directory.findUserById(ADMIN_ID);
    const reader = directory.findUserById(READER_ID);
    if (admin === undefined || reader === undefined) throw new Error('absent');
    expect(admin.projects.map(({ id }) => id)).toEqual([PROJECT_ID, OTHER_PROJECT_ID]);
    expect([...reader.projectIds]).toEqual([OTHER_PROJECT_ID]);
  });

  it('knows what each of its passwords costs, those without one left out', () => {
    expect(directory.passwordCosts).toEqual([{ ln: 10, r: 8, p: 1 }]);
  });

  it('knows its domains by id and its policies by name', () => {
    expect(directory.domains.get(DOMAIN_ID)?.name).toBe('acme');
    expect([...directory.policies.keys()]).toEqual(['admin']);
    expect(directory.findUserById(ADMIN_ID)?.policies.map(({ name }) => name)).toEqual([
      'admin',
      'CSMS ReadOnlyAccess',
    ]);
  });
});
