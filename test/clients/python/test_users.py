"""Users: the list, one user, and a change of the caller's own password."""

import requests
from huaweicloudsdkcsms import v1 as csms

from support import DOMAIN_ID, ENDPOINT, PASSWORD, USER_NAME

OTHER_PASSWORD = "Another-password-of-8-letters"


def list_users(client, offset=0, limit=100, **query):
    return client.list_users(csms.ListUsersRequest(offset=offset, limit=limit, **query))


def self_of(client):
    """The user that runs these tests, as the list has it."""
    (user,) = [user for user in list_users(client).users if user.user_name == USER_NAME]
    return user


def show_user(client, user_id):
    return client.show_user_detail(csms.ShowUserDetailRequest(user_id=user_id))


def change_password(client, old, new):
    body = csms.ChangeUsersPassword(old_password=old, password=new)
    return client.update_user_password(csms.UpdateUserPasswordRequest(body=body))


def login_status(password):
    user = {"name": USER_NAME, "password": password, "domain": {"id": DOMAIN_ID}}
    identity = {"methods": ["password"], "password": {"user": user}}
    body = {"auth": {"identity": identity, "scope": {"domain": {"id": DOMAIN_ID}}}}
    return requests.post(f"{ENDPOINT}/v3/auth/tokens", json=body, timeout=30).status_code


def test_the_list_counts_its_users(client):
    page = list_users(client)
    assert page.total == len(page.users) >= 1


def test_users_are_found_by_a_part_of_the_name(client):
    found = list_users(client, user_info=USER_NAME[1:-1]).users
    assert USER_NAME in [user.user_name for user in found]
    assert list_users(client, user_info="no such user").users == []


def test_show_gives_the_user_of_the_list(client):
    listed = self_of(client)
    shown = show_user(client, listed.user_id)
    names = ["user_id", "org_id", "user_name", "name", "mobile", "email", "pwd_must_modify", "pwd_change_at"]
    assert {name: getattr(shown, name) for name in names} == {name: getattr(listed, name) for name in names}
    assert shown.domain_id == DOMAIN_ID
    assert (shown.user_name, shown.disabled, shown.pwd_must_modify) == (USER_NAME, False, False)


def test_a_changed_password_logs_in_and_the_old_one_does_not(client):
    assert change_password(client, PASSWORD, OTHER_PASSWORD).user_id == self_of(client).user_id
    try:
        assert login_status(OTHER_PASSWORD) == 201
        assert login_status(PASSWORD) == 401
    finally:
        change_password(client, OTHER_PASSWORD, PASSWORD)
    assert login_status(PASSWORD) == 201
