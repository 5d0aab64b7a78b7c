import { type Static, Type } from '@sinclair/typebox';
import type { Users, UserView } from '../../app/ports/deps.ts';
import type { App } from '../app.ts';
import { nestedRoute, operation, route } from '../wire/operation.ts';
import { Titled } from '../wire/schemas.ts';

/** Entries of a page of users. @see API operation ListUsers */
const PAGE = Object.freeze({ min: 10, max: 100 });
/** No page is beyond it: the identities hold fewer users. */
const PAGES_MAX = 1_000_000;

const Relation = Type.Object({ org_id: Type.String(), relation_type: Type.String() });
const UserFields = {
  user_id: Type.String(),
  user_name: Type.String(),
  name: Type.String(),
  org_id: Type.String({ description: 'The domain' }),
  pwd_must_modify: Type.Boolean(),
  user_org_relation_list: Type.Array(Relation),
};
const Flag = Type.String({ enum: ['true', 'false'] });
const ListedUser = Titled('ListedUser', { ...UserFields, disabled: Flag, locked: Flag });
const ListResponse = Titled('ListUsersResponse', { total: Type.Integer(), users: Type.Array(ListedUser) });
// In the documents `disabled` has another type here than in the list.
const ShowResponse = Titled('ShowUserDetailResponse', {
  ...UserFields,
  disabled: Type.Boolean(),
  locked: Flag,
  domain_id: Type.String(),
});
const Password = Type.String({ minLength: 1, maxLength: 1_024 });
const ChangeBody = Titled('UpdateUserPasswordRequest', { password: Password, old_password: Password });
const ChangeResponse = Titled('UpdateUserPasswordResponse', { user_id: Type.String() });

const ListQuery = Type.Object({
  offset: Type.Integer({ minimum: 0, maximum: PAGES_MAX, description: 'Page, counted from 0' }),
  limit: Type.Integer({ minimum: PAGE.min, maximum: PAGE.max, description: 'Users per page' }),
  org_id: Type.Optional(Type.String({ maxLength: 64, description: 'Only users of this domain' })),
  user_info: Type.Optional(Type.String({ maxLength: 64, description: 'Part of a name, in any case' })),
});

/** ListUsers, ShowUserDetail, UpdateUserPassword. */
export function registerUsers(api: App, users: Users): void {
  api.route({
    ...nestedRoute('GET', '/v1/csms/users', {
      ...operation('ListUsers', 'Lists the users of the caller’s domain'),
      querystring: ListQuery,
      response: { 200: ListResponse },
    }),
    handler: async ({ caller, query }) => {
      const { limit, offset, org_id: domainId, user_info: search } = query;
      const found = users.list(caller, { search, domainId: domainId || undefined, page: offset, limit });
      return { total: found.total, users: found.users.map(toListedUser) };
    },
  });
  api.route({
    ...route('GET', '/v1/csms/users/:user_id', {
      ...operation('ShowUserDetail', 'Shows a user of the caller’s domain'),
      response: { 200: ShowResponse },
    }),
    handler: async ({ caller, params }) => {
      const user = users.show(caller, params.user_id);
      return { ...toWireUser(user), disabled: user.isDisabled, locked: 'false', domain_id: user.domainId };
    },
  });
  api.route({
    ...route('POST', '/v1/csms/users/change-password', {
      ...operation('UpdateUserPassword', 'Changes the caller’s password; its tokens become invalid'),
      body: ChangeBody,
      response: { 200: ChangeResponse },
    }),
    handler: async ({ caller, body, ip }) => {
      const { password: newPassword, old_password: oldPassword } = body;
      await users.changePassword(caller, { oldPassword, newPassword, address: ip });
      return { user_id: caller.userId };
    },
  });
}

function toListedUser(user: UserView): Static<typeof ListedUser> {
  return { ...toWireUser(user), disabled: user.isDisabled ? 'true' : 'false', locked: 'false' };
}

function toWireUser({ id, name, domainId }: UserView) {
  const relations: Static<typeof Relation>[] = [];
  return {
    user_id: id,
    user_name: name,
    name,
    org_id: domainId,
    pwd_must_modify: false,
    user_org_relation_list: relations,
  };
}
