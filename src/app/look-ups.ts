import type { Actor } from '../core/actor.ts';
import { isDamaged } from '../core/errors.ts';
import type { Key } from '../core/kms/keys.ts';
import {
  type Attributes,
  keyAttributes,
  type LookUp,
  type Permit,
  secretAttributes,
} from '../core/permit.ts';
import type { SecretRef } from '../core/secrets/secrets.ts';
import type { Awaitable, Deps, FoundSecret, SecretQuery, Sees, Store, StoredValue } from './ports/deps.ts';

type Ref = LookUp['ref'];

/** What a permit guards, for one actor. */
type Watched = Pick<Deps, 'store' | 'sees'>;

/**
 * Puts a permit around what each actor looks up: it is called once before anything else, then for every secret, version
 * and key, found or not, before it is returned; lists leave out what it refuses. The server's own work bypasses it. Both
 * the function and its store throw what the permit returns.
 */
export function createLookUps(store: Store, permit: Permit): (actor: Actor) => Watched {
  return (actor) => {
    const ask: Ask = (wanted, attributes) => {
      const refusal = permit(actor, wanted, attributes);
      if (refusal !== undefined) throw refusal;
    };
    ask(undefined, undefined);
    return {
      store: { ...store, ...secretsOf(store, ask), ...keysOf(store, ask), listSecrets },
      sees: seesOf(permit, actor),
    };

    /** What is damaged is named only to those who would learn that it is missing. */
    function listSecrets(query: SecretQuery) {
      const { onDamaged, projectId } = query;
      if (onDamaged === undefined) return store.listSecrets(query);
      return store.listSecrets({
        ...query,
        onDamaged(name) {
          if (permit(actor, secretLookUp({ projectId, name }), undefined) === undefined) onDamaged(name);
        },
      });
    }
  };
}

type Ask = (wanted: LookUp | undefined, attributes: Attributes | undefined) => void;

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

function secretsOf(store: Store, ask: Ask): Partial<Store> {
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
    return {
      ...stored,
      get key() {
        askForKey(ask, { projectId: secret.projectId, id: version.kmsKeyId }, key);
        return key;
      },
    };
  }

  return {
    findVersions: (ref) => look(ref),
    findSecret,
    findForSealing: findSecret,
    findSecretById: (projectId, id) =>
      lookUp(
        () => store.findSecretById(projectId, id),
        (found) => askFor({ projectId, id }, found),
      ),
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

function keysOf(store: Store, ask: Ask): Partial<Store> {
  return {
    findKey: (ref) =>
      lookUp(
        () => store.findKey(ref),
        (found) => askForKey(ask, ref, found),
      ),
    findKeyByAlias: (projectId, alias) =>
      lookUp(
        () => store.findKeyByAlias(projectId, alias),
        (found) => askForKey(ask, { projectId, alias, id: found?.id }, found),
      ),
  };
}

function askForKey(ask: Ask, ref: Ref, found: Key | undefined): void {
  ask({ aggregate: 'key', kind: 'look-up', ref }, found && keyAttributes(found));
}

function seesOf(permit: Permit, actor: Actor): Sees {
  return {
    secret: (found) => permit(actor, secretLookUp(found.secret), secretAttributes(found)) === undefined,
    key: (key) =>
      permit(actor, { aggregate: 'key', kind: 'look-up', ref: key }, keyAttributes(key)) === undefined,
  };
}

function secretLookUp({ projectId, name, id }: Ref, version?: LookUp['version']): LookUp {
  return { aggregate: 'secret', kind: 'look-up', ref: { projectId, name, id }, version };
}
