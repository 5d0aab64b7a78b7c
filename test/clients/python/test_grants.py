"""Grants: who may use one secret, and until when."""

from datetime import datetime, timedelta, timezone

import pytest
from huaweicloudsdkcsms import v1 as csms

from support import DAY_MS, UUID, fields_of, is_now_ms, show
from test_users import self_of

IN_A_WEEK = (datetime.now(timezone.utc) + timedelta(days=7)).date()


def body_of(user_id, secret_id, **fields):
    given = {"type": "SECRET", "grantee_type": "0", **fields}
    return csms.GrantSecretReqBody(resource_id=secret_id, grantee_target_id=user_id, **given)


def create_grant(client, user_id, secret_id, **fields):
    request = csms.CreateGrantsRequest(body=body_of(user_id, secret_id, **fields))
    return client.create_grants(request).data


def update_grant(client, user_id, secret_id, **fields):
    request = csms.UpdateGrantRequest(resource_id=secret_id, body=body_of(user_id, secret_id, **fields))
    return client.update_grant(request).data


def list_grants(client, secret_id):
    return client.list_grants(csms.ListGrantsRequest(resource_id=secret_id)).data


def delete_grant(client, secret_id, user_id=None):
    return client.delete_grant(csms.DeleteGrantRequest(resource_id=secret_id, grantee_user=user_id))


@pytest.fixture
def secret(client, name):
    return show(client, name)


@pytest.fixture(scope="session")
def user_id(client):
    return self_of(client).user_id


def midnight_ms(day):
    return int(datetime(day.year, day.month, day.day, tzinfo=timezone.utc).timestamp() * 1000)


def test_a_new_grant_has_every_field(client, secret, user_id):
    grant = create_grant(client, user_id, secret.id, validity_time=IN_A_WEEK)
    assert UUID.fullmatch(grant.uuid)
    assert is_now_ms(grant.create_time)
    assert 0 <= grant.validity_time - midnight_ms(IN_A_WEEK) <= DAY_MS
    assert fields_of(grant) == {
        "uuid": grant.uuid,
        "resource_id": secret.id,
        "type": "SECRET",
        "grantee_user": user_id,
        "create_time": grant.create_time,
        "update_time": grant.create_time,
        "validity_time": grant.validity_time,
        "state": 0,
        "signature": "",
    }


def test_the_list_names_each_user(client, secret, user_id):
    grant = create_grant(client, user_id, secret.id, validity_time=IN_A_WEEK)
    listed = list_grants(client, secret.id)
    assert isinstance(listed.create_time, int)
    assert fields_of(listed) == {
        "id": secret.id,
        "name": secret.name,
        "type": "SECRET",
        "grantee_user": [
            {
                "user_id": user_id,
                "user_name": self_of(client).user_name,
                "create_time": grant.create_time,
                "validity_time": grant.validity_time,
            }
        ],
        "create_time": listed.create_time,
        "update_time": listed.update_time,
    }


def test_update_gives_another_validity_and_keeps_the_rest(client, secret, user_id):
    before = create_grant(client, user_id, secret.id, validity_time=IN_A_WEEK)
    after = update_grant(client, user_id, secret.id, validity_time=IN_A_WEEK + timedelta(days=1))
    assert after.validity_time == before.validity_time + DAY_MS
    assert after.update_time >= before.update_time
    changed = {"validity_time": after.validity_time, "update_time": after.update_time}
    assert fields_of(after) == {**fields_of(before), **changed}


@pytest.mark.parametrize("named", [True, False], ids=["one_user", "all_users"])
def test_delete_answers_204_and_nobody_is_left(client, secret, user_id, named):
    create_grant(client, user_id, secret.id)
    answer = delete_grant(client, secret.id, user_id if named else None)
    assert (answer.status_code, answer.raw_content) == (204, b"")
    assert list_grants(client, secret.id).grantee_user == []
