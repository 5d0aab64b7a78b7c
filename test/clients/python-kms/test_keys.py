"""Keys: create, show, list, change, switch, delete."""

import time

from huaweicloudsdkkms import v2 as kms

from support import (
    ABSENT_KEY,
    DAY_MS,
    DOMAIN_ID,
    MILLISECONDS,
    REGION,
    UUID,
    cancel_deletion,
    create_key,
    describe,
    disable,
    enable,
    fields_of,
    list_keys,
    new_alias,
    operate,
    purge_later,
    refused_with,
    schedule_deletion,
)


def test_a_new_key_has_every_field(client):
    alias = new_alias()
    body = kms.CreateKeyRequestBody(
        key_alias=alias,
        key_description="für Bestellungen",
        enterprise_project_id="0",
        key_spec="AES_256",
        key_usage="ENCRYPT_DECRYPT",
        origin="kms",
        sequence=ABSENT_KEY,
    )
    made = client.create_key(kms.CreateKeyRequest(body=body)).key_info
    assert UUID.fullmatch(made.key_id)
    assert (made.domain_id, made.region_id) == (DOMAIN_ID, REGION)
    details = describe(client, made.key_id)
    assert MILLISECONDS.fullmatch(details.creation_date)
    assert abs(int(details.creation_date) - time.time() * 1000) < 60_000
    assert fields_of(details) == {
        **{name: None for name in details.openapi_types},
        "key_id": made.key_id,
        "domain_id": DOMAIN_ID,
        "key_alias": alias,
        "realm": REGION,
        "key_spec": "AES_256",
        "key_usage": "ENCRYPT_DECRYPT",
        "key_description": "für Bestellungen",
        "creation_date": details.creation_date,
        "scheduled_deletion_date": "",
        "key_state": "2",
        "default_key_flag": "0",
        "key_type": "1",
        "expiration_time": "",
        "origin": "kms",
        "key_rotation_enabled": "false",
        "sys_enterprise_project_id": "0",
        "keystore_id": "0",
    }
    purge_later(client, made.key_id)


def test_keys_are_listed_page_by_page(client):
    made = [create_key(client, new_alias()) for _ in range(3)]
    seen, marker = [], None
    while True:
        page = list_keys(client, limit="2", marker=marker)
        assert [details.key_id for details in page.key_details] == page.keys
        assert len(page.keys) <= 2
        seen.extend(page.keys)
        if page.truncated == "false":
            break
        marker = page.next_marker
    assert page.next_marker == ""
    assert len(seen) == len(set(seen)) == page.total
    assert [key_id for key_id in seen if key_id in made] == made
    disable(client, made[1])
    assert made[1] in list_keys(client, key_state="3").keys
    assert made[0] not in list_keys(client, key_state="3").keys
    assert list_keys(client, key_spec="RSA_2048").keys == []
    for key_id in made:
        purge_later(client, key_id)


def test_alias_and_description_change(client, key_id):
    alias = new_alias("renamed")
    body = kms.UpdateKeyAliasRequestBody(key_id=key_id, key_alias=alias)
    renamed = client.update_key_alias(kms.UpdateKeyAliasRequest(body=body)).key_info
    assert (renamed.key_id, renamed.key_alias) == (key_id, alias)
    body = kms.UpdateKeyDescriptionRequestBody(key_id=key_id, key_description="new")
    described = client.update_key_description(kms.UpdateKeyDescriptionRequest(body=body)).key_info
    assert (described.key_id, described.key_description) == (key_id, "new")
    details = describe(client, key_id)
    assert (details.key_alias, details.key_description) == (alias, "new")


def test_a_key_is_switched_off_and_on(client, key_id):
    assert fields_of(disable(client, key_id)) == {"key_id": key_id, "key_state": "3"}
    assert refused_with(disable, client, key_id) == (400, "KMS.1301")
    assert fields_of(enable(client, key_id)) == {"key_id": key_id, "key_state": "2"}
    assert refused_with(enable, client, key_id) == (400, "KMS.1201")


def test_a_deletion_is_scheduled_and_called_off(client, key_id):
    scheduled = schedule_deletion(client, key_id, "8")
    assert (scheduled.key_id, scheduled.key_state) == (key_id, "4")
    date = describe(client, key_id).scheduled_deletion_date
    assert MILLISECONDS.fullmatch(date)
    assert abs(int(date) - time.time() * 1000 - 8 * DAY_MS) < 60_000
    assert refused_with(schedule_deletion, client, key_id) == (400, "KMS.1402")
    cancelled = cancel_deletion(client, key_id)
    assert (cancelled.key_id, cancelled.key_state) == (key_id, "3")
    assert refused_with(cancel_deletion, client, key_id) == (400, "KMS.1501")
    enable(client, key_id)


def test_refusals_have_the_codes_of_the_service(client, key_id):
    assert refused_with(describe, client, ABSENT_KEY) == (404, "KMS.0207")
    assert refused_with(describe, client, "nonsense") == (400, "KMS.0205")
    assert refused_with(create_key, client, describe(client, key_id).key_alias) == (400, "KMS.1104")
    assert refused_with(create_key, client, "x/default") == (400, "KMS.1101")
    assert refused_with(create_key, client, new_alias(), key_spec="RSA_2048") == (400, "KMS.0308")
    assert refused_with(create_key, client, None) == (400, "KMS.0204")


def test_counts_and_quotas(client, key_id):
    count = client.show_user_instances(kms.ShowUserInstancesRequest()).instance_num
    resources = client.show_user_quotas(kms.ShowUserQuotasRequest()).quotas.resources
    assert [fields_of(resource) for resource in resources] == [
        {"type": "CMK", "used": count, "quota": 100},
        {"type": "grant_per_CMK", "used": 0, "quota": 100},
    ]
    custom = [details for details in list_keys(client).key_details if details.default_key_flag == "0"]
    assert count == len(custom)


def test_rotation_is_switched_on_changed_and_off(client, key_id):
    def status():
        return fields_of(client.show_key_rotation_status(kms.ShowKeyRotationStatusRequest(body=operate(key_id))))

    off = {
        "key_rotation_enabled": False,
        "rotation_interval": 0,
        "last_rotation_time": "",
        "number_of_rotations": 0,
        # In the SDK's model, and on no page of the service.
        "key_materials": None,
    }
    assert status() == off
    client.enable_key_rotation(kms.EnableKeyRotationRequest(body=operate(key_id)))
    assert status() == {**off, "key_rotation_enabled": True, "rotation_interval": 365}
    body = kms.UpdateKeyRotationIntervalRequestBody(key_id=key_id, rotation_interval=30)
    client.update_key_rotation_interval(kms.UpdateKeyRotationIntervalRequest(body=body))
    assert status()["rotation_interval"] == 30
    body = kms.UpdateKeyRotationIntervalRequestBody(key_id=key_id, rotation_interval=29)
    wrong = kms.UpdateKeyRotationIntervalRequest(body=body)
    assert refused_with(client.update_key_rotation_interval, wrong) == (400, "KMS.3001")
    client.disable_key_rotation(kms.DisableKeyRotationRequest(body=operate(key_id)))
    assert status() == off
    again = kms.DisableKeyRotationRequest(body=operate(key_id))
    assert refused_with(client.disable_key_rotation, again) == (400, "KMS.0313")
