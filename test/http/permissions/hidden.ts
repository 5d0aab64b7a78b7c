import { beforeAll, describe, expect, it } from 'vitest';
import type { OperationId } from '../../../src/core/operations.ts';
import { type ActionId, actionOf } from '../../../src/core/policy/actions.ts';
import type { Answer } from '../../support/exchange.ts';
import { ADMIN, type TestServer, type TestUser } from '../../support/server.ts';
import { ABSENT_KEY } from '../kms-calls.ts';
import { type Fixture, type Known, type Maker, requestOf } from './fixtures.ts';
import { MANY } from './refusals.ts';
import { DEMANDS, KEYLESS, onlyUser, SEEING } from './users.ts';

const ABSENT_SECRET = 'c0a80101-0000-4000-8000-00000000abcd';
const UNREADABLE = Buffer.alloc(120, 7).toString('base64');
const single = DEMANDS.filter(({ id, action }) => {
  const { resource } = actionOf(action as ActionId);
  return resource !== undefined && !MANY.includes(id) && id !== 'CreateKey';
});

/** The same names for what is there, and what is not there. */
interface Pair {
  readonly there: Known;
  readonly absent: Known;
}

/** What callers who may see some things learn of others: nothing, not even whether there are any. */
export function describeHidden(server: TestServer, maker: Maker): void {
  let fixture: Fixture;
  let alias: string;
  let pairs: { readonly secret: Pair; readonly key: Pair; readonly alias: Pair };
  beforeAll(async () => {
    fixture = await maker.make('DecryptDatakey');
    const { known } = await maker.make('DecryptData');
    const secrets = await maker.make('ShowSecretStage');
    const { key_id, secret_name, secret_id } = secrets.known;
    const { json } = await send('ListKeyDetail', { ...known, key_id }, ADMIN);
    alias = `alias/${json.key_info.key_alias}`;
    const { secret_blob } = (await send('DownloadSecretBlob', secrets.known, ADMIN)).json;
    const { cipher_text } = known;
    fixture = { ...fixture, known: { ...fixture.known, ...secrets.known } };
    pairs = {
      secret: {
        there: { secret_name, secret_id, resource_id: secret_id, name: secret_name, secret_blob },
        absent: {
          secret_name: 'absent',
          secret_id: ABSENT_SECRET,
          resource_id: ABSENT_SECRET,
          name: 'absent',
          secret_blob: `${String(secret_blob).slice(0, -8)}AAAAAAAA`,
        },
      },
      key: { there: { key_id, cipher_text }, absent: { key_id: ABSENT_KEY, cipher_text: UNREADABLE } },
      alias: {
        there: { key_id: alias, cipher_text },
        absent: { key_id: 'alias/none', cipher_text: UNREADABLE },
      },
    };
  });

  const send = (operation: OperationId, known: Known, user: TestUser) =>
    server.send(requestOf({ operation, known }), user);
  const pairsFor = (action: string) =>
    actionOf(action as ActionId).resource === 'secret' ? [pairs.secret] : [pairs.key, pairs.alias];
  /** The answer with the names of the request left out. */
  const told = ({ status, text, headers }: Answer, known: Known) => {
    const names = Object.values(known).map(String);
    const plain = names.reduce((rest, name) => rest.replaceAll(`:${name} `, ':# '), text);
    const kept = Object.keys(headers).filter((name) => name !== 'content-length');
    return [status, plain, kept.sort()];
  };
  const bothTold = async (id: OperationId, { there, absent }: Pair, user: TestUser) => {
    // A ciphertext is read only where no key is named.
    const isNamed = id !== 'DecryptData';
    const sent = (known: Known) => ({ ...fixture.known, ...known, ...(!isNamed && { key_id: null }) });
    return [
      told(await send(id, sent(there), user), there),
      told(await send(id, sent(absent), user), absent),
    ] as const;
  };

  describe.each(SEEING)('to $name', (user) => {
    it.each(single)('$id is the same for what is hidden and what is not there', async ({ action, id }) => {
      for (const pair of pairsFor(action)) {
        const [there, absent] = await bothTold(id, pair, user);
        expect(there[0], String(there[1])).toBe(403);
        expect(absent).toEqual(there);
      }
    });
  });

  it.each(single)('$id tells what is not there to who may do it whatever that is', async (demand) => {
    const { action, id } = demand;
    const { isMaking } = actionOf(action as ActionId);
    for (const { absent } of isMaking ? [] : pairsFor(action)) {
      const known = { ...fixture.known, ...absent, ...(id === 'DecryptData' && { key_id: ABSENT_KEY }) };
      const answer = await send(id, known, onlyUser(demand));
      expect([400, 404], answer.text).toContain(answer.status);
      expect(answer.text).toEqual((await send(id, known, ADMIN)).text);
    }
  });

  it('a key that a new secret is to have is not told from one that is not there', async () => {
    const { enterprise_project_id: _, ...known } = fixture.known;
    for (const pair of [pairs.key, pairs.alias]) {
      const [there, absent] = [pair.there.key_id, pair.absent.key_id].map(async (kms_key_id) => {
        const sent = { ...known, name: 'keyless', kms_key_id };
        return told(await send('CreateSecret', sent, KEYLESS), { kms_key_id });
      });
      expect((await there)?.[0]).toBe(403);
      expect(await absent).toEqual(await there);
    }
  });

  it('a batch of values tells nothing of what is hidden', async () => {
    const { secret_name } = pairs.secret.there;
    const known = { ...fixture.known, secret_name_list: [secret_name, 'absent'] };
    for (const user of SEEING) {
      const { json, status, text } = await send('BatchShowSecretVersion', known, user);
      if (status === 403) continue;
      expect(status, text).toBe(200);
      const [there, absent] = json.error_list.map(({ error_msg }: { error_msg: string }) => error_msg);
      expect(there.replaceAll(`:${secret_name} `, ':absent ')).toBe(absent);
      expect(json.versions).toEqual([]);
    }
  });
}
