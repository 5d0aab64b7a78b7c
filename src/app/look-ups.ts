import { type Attributes, keyAttributes, type SecretWithTags, secretAttributes } from '../core/attributes.ts';
import { isDamaged } from '../core/errors.ts';
import type { Key } from '../core/kms/keys.ts';
import { isMet, type LookUp, permit } from '../core/permit.ts';
import type { Right, Rights } from '../core/rights.ts';
import type { SecretRef } from '../core/secrets/secrets.ts';
import { type NoteAllowed, noteLookUp, notingChanges } from './access/learning.ts';
import { withRights } from './caller.ts';
import type { Awaitable, Deps, FoundSecret, SecretQuery, Sees, Store, StoredValue } from './ports/deps.ts';

type Ref = LookUp['ref'];
type Ask = (wanted: LookUp, attributes: Attributes | undefined) => void;

/**
 * Dependencies with which a request settles what its caller’s policies leave open: on every secret, version and key that
 * it looks up, found or not, before that is returned; lists leave out what is refused. Its changes are settled where they
 * are made, for which the rights go with the actor. `note`: takes what is allowed; absent: nobody wants to know.
 */
export function restrict(deps: Deps, rights: Rights, note?: NoteAllowed): Deps {
  const { actor: caller, store } = deps;
  if (caller.kind === 'system') return deps;
  const actor = withRights(caller, rights);
  const ask: Ask = (wanted, attributes) => {
    const refusal = permit(actor, wanted, attributes);
    if (refusal !== undefined) throw refusal;
    if (note !== undefined) noteLookUp(actor, { wanted, attributes }, note);
  };
  return {
    ...deps,
    actor,
    store: {
      ...store,
      ...secretsOf(store, ask, rights),
      ...keysOf(store, ask, rights),
      listSecrets,
      ...(note !== undefined && { change: notingChanges(store, rights, note) }),
    },
    sees: seesOf(rights),
    ...(rights.needs !== undefined && { requireNeeds: ask }),
  };

  /** What is damaged is named only to those who would learn that it is missing. */
  function listSecrets(query: SecretQuery) {
    const { onDamaged, projectId } = query;
    if (onDamaged === undefined) return store.listSecrets(query);
    return store.listSecrets({
      ...query,
      onDamaged(name) {
        const wanted = secretLookUp({ projectId, name });
        const isShown = [rights.own, rights.shows].some((right) => !right || isMet(right, wanted, undefined));
        if (isShown) onDamaged(name);
      },
    });
  }
}

/** Calls `ask` with what is found, or with nothing when that is damaged: no other caller learns that it exists. */
async function lookUp<T>(
  find: () => Awaitable<T>,
  ask: (found: T | undefined) => Awaitable<void>,
): Promise<T> {
  let found: T;
  try {
    found = await find();
  } catch (error) {
    if (isDamaged(error)) await ask(undefined);
    throw error;
  }
  await ask(found);
  return found;
}

function secretsOf(store: Store, ask: Ask, { needs, own }: Rights): Partial<Store> {
  const askFor = (ref: Ref, found?: FoundSecret, version?: LookUp['version']) =>
    ask(secretLookUp(found?.secret ?? ref, version), found && secretAttributes(found));
  const look = (ref: SecretRef, version?: LookUp['version']) =>
    lookUp(
      () => store.findVersions(ref),
      (found) => askFor(ref, found, version),
    );
  const findSecret = async (ref: SecretRef) => (await look(ref))?.secret;

  /** The key is checked separately, when the value is to be opened: the state of the secret comes first. */
  function withKey(stored: StoredValue): StoredValue {
    const { key, secret, version } = stored;
    if (needs === undefined) return stored;
    return {
      ...stored,
      get key() {
        const ref = { projectId: secret.projectId, id: version.kmsKeyId };
        ask({ ...keyLookUp(ref), use: 'open', secretId: secret.id }, key && keyAttributes(key));
        return key;
      },
    };
  }

  return {
    ...(own !== undefined && {
      findVersions: (ref) => look(ref),
      findSecret,
      findForSealing: findSecret,
      findSecretById: (projectId, id) =>
        lookUp(
          () => store.findSecretById(projectId, id),
          (found) => askFor({ projectId, id }, found),
        ),
    }),
    // The secret may exist, intact, without the version.
    async findValue(ref, version) {
      const find = () => store.findValue(ref, version);
      const found = await lookUp(find, async (value) => {
        if (value === undefined) await look(ref, version);
        else askFor(ref, value, value.version.number);
      });
      return found && withKey(found);
    },
    async findContents(ref) {
      const find = () => store.findContents(ref);
      const found = await lookUp(find, async (contents) => {
        if (contents === undefined) await look(ref);
        else askFor(ref, contents.aggregate);
      });
      return found && { ...found, values: found.values.map(withKey) };
    },
  };
}

/** Keys that an operation acts on: what it only needs them for is asked where they are used. */
function keysOf(store: Store, ask: Ask, { own }: Rights): Partial<Store> {
  if (own?.action.startsWith('kms:') !== true) return {};
  if (own.named === undefined) return listedKeysOf(store, own);
  const askForKey = (ref: Ref, found: Key | undefined) => ask(keyLookUp(ref), found && keyAttributes(found));
  return {
    findKey: (ref) =>
      lookUp(
        () => store.findKey(ref),
        (found) => askForKey(ref, found),
      ),
    findKeyByAlias: (projectId, alias) =>
      lookUp(
        () => store.findKeyByAlias(projectId, alias),
        (found) => askForKey({ projectId, alias, id: found?.id }, found),
      ),
  };
}

/** A list may be about one key: one that its caller may not see is as one that is not there, intact or not. */
function listedKeysOf(store: Store, own: Right): Partial<Store> {
  const see = async (ref: Ref, find: () => Awaitable<Key | undefined>) => {
    try {
      const found = await find();
      return found && isMet(own, keyLookUp(found), keyAttributes(found)) ? found : undefined;
    } catch (error) {
      if (isDamaged(error) && !isMet(own, keyLookUp(ref), undefined)) return undefined;
      throw error;
    }
  };
  return {
    findKey: (ref) => see(ref, () => store.findKey(ref)),
    findKeyByAlias: (projectId, alias) =>
      see({ projectId, alias }, () => store.findKeyByAlias(projectId, alias)),
  };
}

/** Absent where nothing depends on what is in the list: all of it is seen. */
function seesOf({ own, shows }: Rights): Sees | undefined {
  if (own === undefined && shows === undefined) return undefined;
  const isSecret = (right: Right | undefined, found: SecretWithTags) =>
    right === undefined || isMet(right, secretLookUp(found.secret), secretAttributes(found));
  return {
    secret: (found) => isSecret(own, found),
    listed: (found) => isSecret(shows, found),
    key: (key) => own === undefined || isMet(own, keyLookUp(key), keyAttributes(key)),
  };
}

function secretLookUp({ projectId, name, id }: Ref, version?: LookUp['version']): LookUp {
  return { aggregate: 'secret', kind: 'look-up', ref: { projectId, name, id }, version };
}

function keyLookUp(ref: Ref): LookUp {
  return { aggregate: 'key', kind: 'look-up', ref };
}
