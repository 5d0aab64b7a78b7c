import { describe, expect, it } from 'vitest';
import { OUTSIDER, shareServer } from '../../support/server.ts';
import { INVALID, ok, problem } from '../calls.ts';

const server = shareServer();
const show = (query: string) =>
  server.send({ method: 'GET', path: `/v1/csms/function-templates?${query}` }, OUTSIDER);
const textOf = async (query: string): Promise<string> => ok(await show(query)).function_templates;

describe('ShowSecretFunctionTemplates', () => {
  it.each([
    ['mysql', 'mysql2/promise'],
    ['postgresql', 'pg'],
    ['sqlserver', 'mssql'],
  ])('returns a function for %s that needs %s and nothing else beside Node', async (engine, driver) => {
    for (const [subType, strategy] of [
      ['SingleUser', 'changeOwnPassword(current'],
      ['MultiUser', 'changePassword(pending'],
    ]) {
      const text = await textOf(`secret_type=RDS-FG&secret_sub_type=${subType}&engine=${engine}`);
      const imported = [...text.matchAll(/^import .* from '([^']+)';$/gm)].map(([, name]) => name);
      expect(imported.filter((name) => !name!.startsWith('node:'))).toEqual([driver]);
      expect(text).toContain(strategy);
    }
  });

  it('returns the function for MySQL for TaurusDB', async () => {
    expect(await textOf('secret_type=GaussDB-FG&secret_sub_type=MultiUser')).toBe(
      await textOf('secret_type=RDS-FG&secret_sub_type=MultiUser&engine=mysql'),
    );
  });

  it.each([
    ['secret_sub_type=SingleUser&engine=mysql', 'secret_type'],
    ['secret_type=COMMON&secret_sub_type=SingleUser&engine=mysql', 'secret_type'],
    ['secret_type=RDS-FG&engine=mysql', 'secret_sub_type'],
    ['secret_type=RDS-FG&secret_sub_type=singleuser&engine=mysql', 'secret_sub_type'],
    ['secret_type=RDS-FG&secret_sub_type=SingleUser', 'engine'],
    ['secret_type=RDS-FG&secret_sub_type=SingleUser&engine=oracle', 'engine'],
    ['secret_type=RDS-FG&secret_sub_type=SingleUser&engine=', 'engine'],
    ['secret_type=GaussDB-FG&secret_sub_type=SingleUser&engine=mysql', 'engine'],
  ])('refuses %s, naming %s', async (query, named) => {
    const answer = await show(query);
    expect(problem(answer)).toEqual(INVALID);
    expect(answer.json.error_msg).toContain(named);
  });
});
