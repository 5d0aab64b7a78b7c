import { describe, expect, it } from 'vitest';
import { createDirectory } from '../../../src/auth/identities/directory.ts';
import type { Policy, User } from '../../../src/auth/identities/identities.ts';
import { countNarrowUsers } from '../../../src/auth/identities/policy-scope.ts';
import type { PolicyStatement } from '../../../src/core/policy/document.ts';

const ALLOW: PolicyStatement = {
  Sid: undefined,
  Effect: 'Allow',
  Action: ['csms:*:*', 'kms:*:*'],
  NotAction: undefined,
  Resource: undefined,
  NotResource: undefined,
  Condition: undefined,
};

/** 1 when a user with these policies of the file and of the program may do less than everything. */
function narrow(statements: readonly Partial<PolicyStatement>[], builtIn: readonly string[] = []): number {
  const policies: Policy[] = statements.map((statement, index) => ({
    name: `p${index}`,
    document: { Version: '1.1', Statement: [{ ...ALLOW, ...statement }] },
  }));
  const names = [...policies.map(({ name }) => name), ...builtIn];
  const user = {
    id: 'u',
    name: 'u',
    domainId: 'd',
    domainName: 'd',
    policies: names.map((name) => ({ name })),
    groups: [],
  } as unknown as User;
  const domains = [{ id: 'd', name: 'd', projects: [], enterpriseProjects: [], groups: [] }];
  return countNarrowUsers(createDirectory({ domains, users: [user], accessKeys: [], policies }));
}

describe('a user is counted as one who may do less than everything', () => {
  it.each<[string, number]>([
    ['without any policy', narrow([])],
    ['with read access alone', narrow([], ['CSMS ReadOnlyAccess'])],
    ['with secrets alone', narrow([], ['CSMS FullAccess'])],
    ['with one action alone', narrow([{ Action: ['csms:secret:get'] }])],
    ['when something is denied', narrow([{}, { Effect: 'Deny', Action: ['csms:secret:delete'] }])],
    ['when it holds for some resources', narrow([{ Resource: ['csms:*:*:secretName:a'] }])],
    ['when it holds under a condition', narrow([{ Condition: { Bool: { 'g:SecureTransport': ['true'] } } }])],
    ['when it is said by what is left out', narrow([{ Action: undefined, NotAction: ['csms:secret:get'] }])],
  ])('%s', (_, count) => {
    expect(count).toBe(1);
  });

  it.each<[string, number]>([
    ['with all of both services', narrow([{}])],
    ['with everything', narrow([{ Action: ['*'], Resource: ['*'] }])],
    ['with built-in policies for both', narrow([], ['CSMS FullAccess', 'KMS Administrator'])],
  ])('but not %s', (_, count) => {
    expect(count).toBe(0);
  });
});
