import type { YAMLMap } from 'yaml';
import { createYamlEdit, type NewValue, type YamlEdit } from '../../yaml/yaml-edit.ts';

/** The text of an identities file. */
interface IdentitiesSource {
  readonly file: string;
  readonly text: string;
}

/** An access key as the file gets it. */
export interface NewKey {
  readonly accessKeyId: string;
  /** The file of the secret, relative to the identities file. */
  readonly secretFile: string;
}

/** A user as the file gets it; lists of names that are empty are left out. */
export interface NewUser {
  readonly id: string;
  readonly name: string;
  /** Undefined: no password. */
  readonly passwordHash: string | undefined;
  readonly groups: readonly string[];
  readonly policies: readonly string[];
  /** Undefined: all of the domain. */
  readonly projects: readonly string[] | undefined;
  readonly key: NewKey;
}

/** The text with one more user at the end of a domain. Throws FileError where there is no place for it. */
export function withUser(source: IdentitiesSource, domainId: string, user: NewUser): string {
  const { groups, id, key, name, passwordHash, policies, projects } = user;
  const edit = createYamlEdit(source);
  const domain = edit.mapsAt('domains').find((map) => map.get('id') === domainId);
  edit.append(present(domain), 'users', {
    id,
    name,
    ...(passwordHash !== undefined && { password: passwordHash }),
    access_keys: [keyEntry(key)],
    ...(groups.length > 0 && { groups }),
    ...(policies.length > 0 && { policies }),
    ...(projects !== undefined && { projects }),
  });
  return edit.text();
}

/** The text with one more key of a user. Throws FileError where there is no place for it. */
export function withKey(source: IdentitiesSource, userId: string, key: NewKey): string {
  const edit = createYamlEdit(source);
  edit.append(userIn(edit, userId), 'access_keys', keyEntry(key));
  return edit.text();
}

/** The text with one of the keys disabled. Throws FileError where that cannot be written. */
export function withDisabledKey(source: IdentitiesSource, accessKeyId: string): string {
  const edit = createYamlEdit(source);
  const keys = edit.mapsAt('domains', 'users', 'access_keys');
  edit.setField(present(keys.find((map) => map.get('ak') === accessKeyId)), 'disabled', 'true');
  return edit.text();
}

function keyEntry({ accessKeyId, secretFile }: NewKey): NewValue {
  return { ak: accessKeyId, sk_file: secretFile };
}

function userIn(edit: YamlEdit, userId: string): YAMLMap {
  return present(edit.mapsAt('domains', 'users').find((map) => map.get('id') === userId));
}

/** What was read from the same text is in it. */
function present(map: YAMLMap | undefined): YAMLMap {
  if (map === undefined) throw new Error('the text is not the one that was read');
  return map;
}
