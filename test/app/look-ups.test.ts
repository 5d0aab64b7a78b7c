import { expect, it } from 'vitest';
import { createLookUps } from '../../src/app/look-ups.ts';
import type { Store } from '../../src/app/ports/deps.ts';
import { SecretError } from '../../src/core/errors.ts';
import type { Attributes } from '../../src/core/permit.ts';
import { ACTOR } from '../support/acting.ts';
import { aWorld } from '../support/world.ts';

it('what is damaged is kept from those who would not learn that it is missing', async () => {
  const { store } = aWorld().deps;
  const damaged = () => {
    throw new SecretError('damaged');
  };
  const finds = { findVersions: damaged, findSecretById: damaged, findValue: damaged, findContents: damaged };
  const listSecrets: Store['listSecrets'] = ({ onDamaged }) => {
    onDamaged?.('n');
    return [];
  };
  const all = { ...store, ...finds, findKey: damaged, findKeyByAlias: damaged, listSecrets };
  let mayLearn = false;
  const asked: (Attributes | undefined)[] = [];
  const looked = createLookUps(all, (_, wanted, attributes) => {
    if (wanted === undefined) return undefined;
    asked.push(attributes);
    return mayLearn ? undefined : new SecretError('project-forbidden');
  })(ACTOR).store;
  const ref = { projectId: 'p', name: 'n' };
  const looks = [
    () => looked.findSecret(ref),
    () => looked.findVersions(ref),
    () => looked.findSecretById('p', 'id'),
    () => looked.findValue(ref, 'latest'),
    () => looked.findContents(ref),
    () => looked.findKey({ projectId: 'p', id: 'id' }),
    () => looked.findKeyByAlias('p', 'alias'),
  ];
  const named: string[] = [];
  const query = { projectId: 'p', limit: 1, onDamaged: (name: string) => named.push(name) };
  for (const look of looks) await expect(look()).rejects.toMatchObject({ code: 'project-forbidden' });
  await looked.listSecrets(query);
  expect(named).toEqual([]);
  mayLearn = true;
  for (const look of looks) await expect(look()).rejects.toMatchObject({ code: 'damaged' });
  await looked.listSecrets(query);
  expect(named).toEqual(['n']);
  expect(asked).toEqual(Array(2 * looks.length + 2).fill(undefined));
});
