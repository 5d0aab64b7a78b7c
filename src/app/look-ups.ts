import type { Actor } from '../core/actor.ts';
import type { Key } from '../core/kms/keys.ts';
import {
  type Attributes,
  keyAttributes,
  type LookUp,
  type Permit,
  secretAttributes,
} from '../core/permit.ts';
import type { SecretRef } from '../core/secrets/secrets.ts';
import type { Deps, FoundSecret, Sees, Store, StoredValue } from './ports/deps.ts';

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
      store: { ...store, ...secretsOf(store, ask), ...keysOf(store, ask) },
      sees: seesOf(permit, actor),
    };
  };
}

type Ask = (wanted: LookUp | undefined, attributes: Attributes | undefined) => void;

function secretsOf(store: Store, ask: Ask): Partial<Store> {
  const askFor = (ref: Ref, found?: FoundSecret, version?: LookUp['version']) =>
    ask(secretLookUp(found?.secret ?? ref, version), found && secretAttributes(found));

  async function findVersions(ref: SecretRef) {
    const found = await store.findVersions(ref);
    askFor(ref, found);
    return found;
  }

  const findSecret = async (ref: SecretRef) => (await findVersions(ref))?.secret;

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
    findVersions,
    findSecret,
    findForSealing: findSecret,
    async findSecretById(projectId, id) {
      const found = await store.findSecretById(projectId, id);
      askFor({ projectId, id }, found);
      return found;
    },
    async findValue(ref, version) {
      const found = await store.findValue(ref, version);
      askFor(ref, found, found?.version.number ?? version);
      return found && withKey(found);
    },
    async findContents(ref) {
      const found = await store.findContents(ref);
      askFor(ref, found?.aggregate);
      return found && { ...found, values: found.values.map(withKey) };
    },
  };
}

function keysOf(store: Store, ask: Ask): Partial<Store> {
  return {
    async findKey(ref) {
      const found = await store.findKey(ref);
      askForKey(ask, ref, found);
      return found;
    },
    async findKeyByAlias(projectId, alias) {
      const found = await store.findKeyByAlias(projectId, alias);
      askForKey(ask, { projectId, alias, id: found?.id }, found);
      return found;
    },
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
