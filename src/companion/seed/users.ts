import type { Directory } from '../../auth/identities/identities.ts';
import { createCredentials } from '../../auth/identities/new-credentials.ts';
import { originOfDigest } from '../../auth/logins/password.ts';
import { ControlError } from '../control/control-error.ts';
import type { TestWorld } from '../worlds/test-world.ts';
import type { AddedUser, KnownUser } from '../worlds/users.ts';
import { problem } from './members.ts';
import type { SeedUser } from './seed.ts';

/** Where the users of a seed are set. */
export interface UsersContext {
  readonly world: TestWorld;
  readonly worlds: readonly TestWorld[];
  /** The identities of the operator's file. */
  readonly file: Directory;
  /** Users that are being added to a world at this moment. */
  readonly pending: ReadonlyMap<TestWorld, readonly AddedUser[]>;
  /** Whether those that were added before go. */
  readonly isReset: boolean;
}

/**
 * The users of a seed with their credentials in a world. Main has those of the seed. A request finds its world by its
 * credentials alone, so in a fork a user who is there keeps the fork's own, and a new one gets others where those of the
 * seed are in use. Throws FileError for users of the identities file and keys of others; ControlError (credentials-taken).
 */
export function usersOf(seedUsers: readonly SeedUser[], context: UsersContext): AddedUser[] {
  const { file, world } = context;
  const ofFile = new Set([...file.domains.keys()].flatMap((id) => file.usersOf(id).map(({ name }) => name)));
  const names = new Set(seedUsers.map(({ name }) => name));
  const present = context.isReset ? [] : world.users.list();
  const otherKeys = new Set(present.filter(({ user }) => !names.has(user.name)).map(({ ak }) => ak));
  return seedUsers.map((user) => {
    if (ofFile.has(user.name)) throw problem(user, 'name', 'is the name of a user of the identities file');
    const { ak } = user;
    const isOthers = ak !== undefined && (otherKeys.has(ak) || file.findAccessKey(ak) !== undefined);
    if (isOthers) throw problem(user, 'ak', 'is that of another user');
    return credentialsOf(user, context);
  });
}

function credentialsOf(user: SeedUser, context: UsersContext): AddedUser {
  const { isReset, world } = context;
  const { id, name, policies } = user;
  const isMain = world.from === null;
  const known = isReset ? undefined : world.users.list().find((each) => each.user.name === name);
  if (known !== undefined && !isMain) return { id, name, policies, ...ownOf(known) };
  const [isKeyTaken, isPasswordTaken] = [isKeyInUse(user, context), isPasswordInUse(user, context)];
  if ((isKeyTaken || isPasswordTaken) && isMain) {
    const member = isKeyTaken ? 'ak' : 'password';
    throw new ControlError('credentials-taken', `${user.node.key}.${member} is that of another world`);
  }
  const own = known && ownOf(known);
  const password = isPasswordTaken ? undefined : (user.password ?? own?.password);
  const made = createCredentials({
    accessKeyId: isKeyTaken ? undefined : (user.ak ?? own?.ak),
    secretKey: isKeyTaken ? undefined : (user.sk ?? own?.sk),
    password,
  });
  const isPasswordRandom = password === undefined || (user.password === undefined && own?.isPasswordRandom);
  const { accessKeyId: ak, secretKey: sk } = made;
  return { id, name, policies, ak, sk, password: made.password, isPasswordRandom: isPasswordRandom === true };
}

function isKeyInUse({ ak }: SeedUser, context: UsersContext): boolean {
  if (ak === undefined) return false;
  const hasKey = ({ users }: TestWorld) => users.directory().findAccessKey(ak) !== undefined;
  return othersOf(context).some(hasKey) || pendingOf(context).some((each) => each.ak === ak);
}

function isPasswordInUse({ name, password }: SeedUser, context: UsersContext): boolean {
  if (password === undefined) return false;
  const present = othersOf(context).flatMap(({ users }) => users.list());
  return (
    present.some((each) => each.user.name === name && each.password === password) ||
    pendingOf(context).some((each) => each.name === name && each.password === password)
  );
}

function othersOf({ world, worlds }: UsersContext): TestWorld[] {
  return worlds.filter((each) => each !== world);
}

function pendingOf({ pending, world }: UsersContext): AddedUser[] {
  return [...pending].flatMap(([of, users]) => (of === world ? [] : users));
}

function ownOf({ ak, password, sk, user }: KnownUser) {
  return {
    ak: ak ?? undefined,
    sk: sk ?? undefined,
    password: password ?? undefined,
    isPasswordRandom: originOfDigest(user.passwordHash) === 'random',
  };
}
