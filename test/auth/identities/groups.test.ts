import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadIdentities, readIdentities } from '../../../src/auth/identities/file.ts';
import type { Directory } from '../../../src/auth/identities/identities.ts';
import { createPieceCollector, identityPieces } from '../../../src/auth/identities/pieces.ts';
import { createFileReader } from '../../../src/files/file-reader.ts';
import { type Seen, watchReading } from '../../../src/files/reloadable.ts';
import { createScratch } from '../../e2e/process.ts';
import { ADMIN_ID, AK, DOMAIN_ID, PASSWORD_HASH, PROJECT_ID, sources } from '../fixtures.ts';
import { complaint, GOOD, line, parse } from '../identities-text.ts';

const EP = '0f5181ca-aaaa-4bbb-8ccc-0123456789ab';
const USER = 'domains[0].users[0]';
const DOCUMENT = '{ "Version": "1.1", "Statement": [ { "Effect": "Allow", "Action": ["csms:*:*"] } ] }';

/** GOOD with an enterprise project, a group, and these policies of the user. */
function scoped(policies: string, groups = '[developers]'): string {
  return GOOD.toSpliced(11, 1, `        policies: ${policies}`, `        groups: ${groups}`)
    .toSpliced(
      5,
      0,
      `    enterprise_projects: [{ id: ${EP}, name: payments }]`,
      '    groups: [{ id: g1, name: developers, policies: [CSMS ReadOnlyAccess, mine] }]',
    )
    .join('\n');
}

const WHOLE = scoped(
  '[CSMS FullAccess, { policy: mine, projects: [local-1], enterprise_projects: [payments, 0] }]',
);

describe('groups and scopes', () => {
  it('are read with their names resolved', () => {
    const directory = parse(WHOLE);
    const user = directory.findUserById(ADMIN_ID);
    expect(user?.policies).toEqual([
      { name: 'CSMS FullAccess', projectIds: undefined, enterpriseProjectIds: undefined },
      { name: 'mine', projectIds: [PROJECT_ID], enterpriseProjectIds: [EP, '0'] },
    ]);
    expect(user?.groups).toEqual([directory.findGroup('g1')]);
    expect(directory.findGroupByName(DOMAIN_ID, 'developers')?.policies.map(({ name }) => name)).toEqual([
      'CSMS ReadOnlyAccess',
      'mine',
    ]);
    expect(directory.findGroupByName('b', 'developers')).toBeUndefined();
    expect(directory.domains.get(DOMAIN_ID)?.enterpriseProjects).toEqual([{ id: EP, name: 'payments' }]);
  });

  it('arrive in another thread as they were', () => {
    const text = WHOLE.replace('access_keys:', 'disabled: false\n        access_keys:');
    const contents = readIdentities({ file: 'f', text, sources: sources() });
    const collector = createPieceCollector();
    for (const piece of identityPieces(contents)) collector.add(piece);
    const shown = (directory: Directory) => [
      [...directory.domains.values()],
      [...directory.policies.values()],
      [...directory.accessKeys.keys()],
      directory.usersOf(DOMAIN_ID),
      directory.usesPolicies,
      directory.findGroup('g1'),
    ];
    expect(shown(collector.build())).toEqual(shown(parse(text)));
  });

  it.each([
    ['[CSMS Everything]', `14: ${USER}.policies[0]: policy CSMS Everything does not exist`],
    ['[{ policy: none }]', `14: ${USER}.policies[0].policy: policy none does not exist`],
    ['[{ projects: [local-1] }]', `14: ${USER}.policies[0]: policy is missing`],
    ['[{ policy: mine, regions: [] }]', `14: ${USER}.policies[0].regions: is not known here`],
    ['[{ policy: mine, projects: [] }]', `14: ${USER}.policies[0].projects: must hold one project or more`],
    ['[{ policy: mine, projects: [b] }]', `${USER}.policies[0].projects[0]: project b is not in this domain`],
    ['[{ policy: mine, projects: local-1 }]', `${USER}.policies[0].projects: must be a list`],
    ['[{ policy: mine, projects: [local-1, local-1] }]', `${USER}.policies[0].projects[1]: `],
    ['[{ policy: mine, enterprise_projects: [x] }]', 'enterprise project x is not in this domain'],
    [`[{ policy: mine, enterprise_projects: [payments, ${EP}] }]`, 'enterprise_projects[1]: '],
    ['[mine, mine]', `14: ${USER}.policies[1]: mine is already in line 14`],
    ['[mine, { policy: mine, projects: [local-1] }]', 'accepted'],
  ])('are refused with file, line and key: %s', (policies, wanted) => {
    expect(complaint(scoped(policies))).toContain(wanted);
  });

  it.each([
    ['groups: [{ id: g1, name: a }, { id: g1, name: b }]', 'group id'],
    ['groups: [{ id: g1, name: a }, { id: g2, name: a }]', 'group name in domain'],
    ['groups: [{ id: g1, name: a, policies: [none] }]', '.groups[0].policies[0]: policy none does not exist'],
    ['groups: [{ id: g1 }]', '.groups[0]: name is missing'],
    [`enterprise_projects: [{ id: ${EP}, name: a }, { id: ${EP}, name: b }]`, 'enterprise project id'],
    [
      `enterprise_projects: [{ id: ${EP}, name: default }]`,
      '.enterprise_projects[0].name: default is already',
    ],
    [`enterprise_projects: [{ id: ${EP}, name: '0' }]`, '.enterprise_projects[0].name: 0 is already'],
    ['enterprise_projects: [{ id: 0, name: x }]', '.enterprise_projects[0].id: must be a UUID'],
  ])('have names and ids of their own: %s', (field, wanted) => {
    expect(complaint(line(3, '    name: acme', `    ${field}`))).toContain(wanted);
  });

  it('of a user are of its domain', () => {
    expect(complaint(scoped('[mine]', '[testers]'))).toContain(
      `15: ${USER}.groups[0]: group testers is not in this domain`,
    );
  });
});

describe('a policy whose document is a file', () => {
  const text = GOOD.toSpliced(15, 1, '    document_file: mine.json').join('\n');

  it('has it read beside the identities file', () => {
    const paths: string[] = [];
    const readPublic = (path: string) => {
      paths.push(path);
      return DOCUMENT;
    };
    expect(parse(text, { readPublic }).policies.get('mine')?.document.Version).toBe('1.1');
    expect(paths).toEqual([`${process.cwd()}/mine.json`]);
  });

  it('is refused with the line of the document, or of its name', () => {
    const wrong = DOCUMENT.replace('"Effect": "Allow"', '\n"Effect": "Permit"');
    expect(complaint(text, { readPublic: () => wrong })).toMatch(
      /mine\.json:2: Statement\[0\]\.Effect: must be/,
    );
    expect(complaint(text)).toMatch(
      /^identities\.yaml:16: policies\[0\]\.document_file: the file cannot be read/,
    );
    expect(complaint(text.replace('document_file', 'document: {}\n    document_file'))).toContain(
      '15: policies[0]: only one of document, document_file may be given',
    );
    expect(complaint(GOOD.toSpliced(15, 1).join('\n'))).toContain(
      'one of document, document_file is missing',
    );
  });
});

describe('a document in a file', () => {
  it('is one of the files that are looked at for changes, and others may read it but not write it', () => {
    const directory = createScratch();
    const [file, policy] = [join(directory, 'identities.yaml'), join(directory, 'mine.json')];
    writeFileSync(file, GOOD.toSpliced(15, 1, '    document_file: mine.json').join('\n'), { mode: 0o600 });
    writeFileSync(policy, DOCUMENT);
    const load = () => {
      const seen = new Map<string, Seen>();
      const strict = createFileReader({ isStrict: true, warn: () => undefined });
      loadIdentities({ file, env: {}, reader: watchReading(strict, seen) });
      return [...seen.keys()];
    };
    chmodSync(policy, 0o644);
    expect(load()).toEqual([file, policy]);
    chmodSync(policy, 0o666);
    expect(load).toThrow(`identities.yaml:16: policies[0].document_file: ${policy} can be written by others`);
  });
});

describe('what is disabled', () => {
  it('lets nobody in, as if it did not exist, and is still listed', () => {
    const directory = parse(line(8, '        name: admin', '        disabled: true'));
    expect(directory.findAccessKey(AK)).toBeUndefined();
    expect(directory.findUserById(ADMIN_ID)).toBeUndefined();
    expect(directory.findPrincipal({ userId: ADMIN_ID })).toBeUndefined();
    expect(directory.findUser({ userName: 'admin', domainName: 'acme' })).toBeUndefined();
    expect(directory.passwordCosts).toEqual([]);
    expect(directory.accessKeys.size).toBe(0);
    expect(directory.findMember(ADMIN_ID)).toMatchObject({ name: 'admin', isDisabled: true });
    expect(directory.usersOf(DOMAIN_ID)).toHaveLength(1);
  });

  it('may be one key, whose secret may be gone', () => {
    const keys = `[{ ak: ${AK}, sk_file: gone.sk, disabled: true }, { ak: B, sk: c, disabled: false }]`;
    const directory = parse(GOOD.toSpliced(9, 2, `        access_keys: ${keys}`).join('\n'));
    expect([...directory.accessKeys.keys()]).toEqual(['B']);
  });

  it('still counts where names must be distinct and hashes well-formed', () => {
    const keys = `[{ ak: B, sk: c, disabled: true }, { ak: B, sk: c }]`;
    expect(complaint(GOOD.toSpliced(9, 2, `        access_keys: ${keys}`).join('\n'))).toContain(
      'B is already',
    );
    const disabled = line(8, '        name: admin', '        disabled: true');
    expect(complaint(disabled.replace(PASSWORD_HASH, 'hush'))).toContain('must be a scrypt hash');
    expect(complaint(line(8, '        name: admin', '        disabled: yes'))).toContain(
      `9: ${USER}.disabled: must be true or false`,
    );
  });
});

describe('a file uses policies', () => {
  const plain = GOOD.toSpliced(13, 3).toSpliced(11, 1).join('\n');

  it('when a list of them stands anywhere, empty or not', () => {
    expect(parse(plain).usesPolicies).toBe(false);
    expect(parse(`${plain}\npolicies: []`).usesPolicies).toBe(true);
    expect(
      parse(plain.replace('        access_keys', '        policies: []\n        access_keys')).usesPolicies,
    ).toBe(true);
    const grouped = plain.replace('    users:', '    groups: [{ id: g, name: g, policies: [] }]\n    users:');
    expect(parse(grouped).usesPolicies).toBe(true);
  });
});
