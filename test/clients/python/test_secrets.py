"""Secrets without their values: create, show, update, list, delete."""

import pytest
from huaweicloudsdkcsms import v1 as csms

from support import (
    UUID,
    create,
    delete,
    fields_of,
    is_now_ms,
    list_secrets,
    new_name,
    refused_with,
    show,
    show_version,
    update,
)


def test_a_new_secret_has_every_field(client):
    name = new_name()
    secret = create(client, name, description="für alle 🔑", enterprise_project_id="0")
    assert UUID.fullmatch(secret.id)
    assert is_now_ms(secret.create_time)
    assert UUID.fullmatch(secret.kms_key_id)
    assert fields_of(secret) == {
        "id": secret.id,
        "name": name,
        "state": "ENABLED",
        "kms_key_id": secret.kms_key_id,
        "description": "für alle 🔑",
        "create_time": secret.create_time,
        "update_time": secret.create_time,
        "scheduled_delete_time": None,
        "secret_type": "COMMON",
        "auto_rotation": False,
        "rotation_period": None,
        "rotation_config": None,
        "rotation_time": None,
        "next_rotation_time": None,
        "event_subscriptions": [],
        "enterprise_project_id": "0",
        "rotation_func_urn": None,
    }
    delete(client, name)


def test_a_rotated_secret_keeps_its_rotation_fields(client):
    name = new_name()
    rotation = {
        "secret_type": "RDS-FG",
        "auto_rotation": True,
        "rotation_period": "30d",
        "rotation_config": '{"InstanceId":"i-1","SecretSubType":"SingleUser"}',
        "rotation_func_urn": "urn:fss:local-1:p:function:default:rotate:latest",
    }
    secret = create(client, name, **rotation)
    shown = fields_of(show(client, name))
    assert shown == fields_of(secret)
    assert {field: shown[field] for field in rotation} == rotation
    assert secret.next_rotation_time > secret.create_time
    delete(client, name)


def test_update_changes_the_description_and_moves_update_time(client, name):
    before = show(client, name)
    after = update(client, name, description="new")
    assert fields_of(after) == {**fields_of(before), "description": "new", "update_time": after.update_time}
    assert after.update_time >= before.update_time
    assert fields_of(show(client, name)) == fields_of(after)


def test_update_accepts_a_dict_as_body(client, name):
    # The SDK sends plain dictionaries as they are.
    request = csms.UpdateSecretRequest(secret_name=name, body={"description": "from a dict", "unknown": 1})
    assert client.update_secret(request).secret.description == "from a dict"


def test_delete_answers_200_with_an_empty_object(client):
    name = new_name()
    create(client, name)
    response = delete(client, name)
    assert (response.status_code, response.raw_content) == (200, b"{}")
    assert refused_with(show, client, name) == (404, "CSMS.0106")


@pytest.mark.parametrize("name", ["a", "A.b_c-9", "x" * 64, "restore-me", "..."])
def test_legal_names_work_in_every_path(client, name):
    assert create(client, name).name == name
    assert show(client, name).name == name
    assert show_version(client, name).version_metadata.secret_name == name
    delete(client, name)


def test_the_list_holds_the_secret_as_show_gives_it(client, name):
    # The marker is exclusive and need not exist: what comes before the name leads straight to it.
    marker = name[:-1]  # sorts just before the name
    page = list_secrets(client, limit="1", marker=marker)
    assert [fields_of(secret) for secret in page.secrets] == [fields_of(show(client, name))]
