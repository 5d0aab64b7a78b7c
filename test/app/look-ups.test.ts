import { expect, it } from 'vitest';
import { restrict } from '../../src/app/look-ups.ts';
import type { Store } from '../../src/app/ports/deps.ts';
import { SecretError } from '../../src/core/errors.ts';
import type { Right } from '../../src/core/rights.ts';
import { CALLER_ACTOR } from '../support/acting.ts';
import { aWorld } from '../support/world.ts';

const damaged = () => {
  throw new SecretError('damaged');
};
const ref = { projectId: 'p', name: 'n' };
const right = (action: Right['action'], isAllowed: boolean): Right => ({
  action,
  urn: '',
  named: '*',
  ways: isAllowed ? [{ rests: [] }] : [],
});

it.each([
  [false, 'action-forbidden', []],
  [true, 'damaged', ['n']],
])(
  'what is damaged is kept from those who would not learn that it is missing: %s',
  async (isAllowed, code, names) => {
    const { deps } = aWorld();
    const finds = {
      findVersions: damaged,
      findSecretById: damaged,
      findValue: damaged,
      findContents: damaged,
    };
    const listSecrets: Store['listSecrets'] = ({ onDamaged }) => {
      onDamaged?.('n');
      return [];
    };
    const store = { ...deps.store, ...finds, findKey: damaged, findKeyByAlias: damaged, listSecrets };
    const actor = CALLER_ACTOR;
    const own = right('csms:secret:get', isAllowed);
    const secrets = restrict({ ...deps, store, actor }, { own, shows: own }).store;
    const keysActor = { ...actor, operation: 'ListKeyDetail' } as const;
    const keys = restrict(
      { ...deps, store, actor: keysActor },
      { own: right('kms:cmk:get', isAllowed) },
    ).store;
    const looks = [
      () => secrets.findSecret(ref),
      () => secrets.findVersions(ref),
      () => secrets.findSecretById('p', 'id'),
      () => secrets.findValue(ref, 'latest'),
      () => secrets.findContents(ref),
      () => keys.findKey({ projectId: 'p', id: 'id' }),
      () => keys.findKeyByAlias('p', 'alias'),
    ];
    for (const look of looks) await expect(look()).rejects.toMatchObject({ code });
    const named: string[] = [];
    await secrets.listSecrets({ projectId: 'p', limit: 1, onDamaged: (name) => named.push(name) });
    expect(named).toEqual(names);
  },
);
