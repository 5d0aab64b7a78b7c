"""Versions: numbers, stages that follow them, expiry, the cap."""

import pytest

from support import UUID, add_version, fields_of, is_now_ms, list_versions, set_expiry, show, show_version, update


def test_a_new_version_has_every_field(client, name):
    metadata = add_version(client, name, secret_string="two", expire_time=9_999_999_999_999)
    assert is_now_ms(metadata.create_time)
    assert UUID.fullmatch(metadata.kms_key_id)
    assert fields_of(metadata) == {
        "id": "v2",
        "create_time": metadata.create_time,
        "expire_time": 9_999_999_999_999,
        "kms_key_id": show(client, name).kms_key_id,
        "secret_name": name,
        "version_stages": ["SYSCURRENT"],
    }


def test_show_gives_the_metadata_and_the_value(client, name):
    metadata = add_version(client, name, secret_string="two")
    version = show_version(client, name, "v2")
    assert fields_of(version.version_metadata) == fields_of(metadata)
    assert (version.secret_string, version.secret_binary) == ("two", None)


def test_latest_has_the_real_version_id(client, name):
    add_version(client, name, secret_string="two")
    version = show_version(client, name, "latest")
    assert (version.version_metadata.id, version.secret_string) == ("v2", "two")


def test_the_list_holds_metadata_and_no_values(client, name):
    second = add_version(client, name, secret_string="two")
    first = show_version(client, name, "v1").version_metadata
    page = list_versions(client, name)
    assert [fields_of(metadata) for metadata in page.version_metadatas] == [fields_of(first), fields_of(second)]
    assert b"initial" not in page.raw_content and b"two" not in page.raw_content


def test_the_former_current_version_becomes_the_previous_one(client, name):
    for value in ("two", "three"):
        add_version(client, name, secret_string=value)
    stages = {metadata.id: metadata.version_stages for metadata in list_versions(client, name).version_metadatas}
    assert stages == {"v1": [], "v2": ["SYSPREVIOUS"], "v3": ["SYSCURRENT"]}


def test_given_stages_replace_the_default(client, name):
    metadata = add_version(client, name, secret_string="two", version_stages=["pending", "used"])
    assert sorted(metadata.version_stages) == ["pending", "used"]
    assert show_version(client, name).version_metadata.id == "v1"


@pytest.mark.parametrize("expire_time", [0, 1_696_838_472_000, 9_999_999_999_999])
def test_update_sets_the_expiry_exactly(client, name, expire_time):
    metadata = set_expiry(client, name, "v1", expire_time)
    assert (metadata.id, metadata.expire_time) == ("v1", expire_time)
    shown = show_version(client, name, "v1").version_metadata
    assert fields_of(shown) == fields_of(metadata)


def test_a_new_key_is_used_by_later_versions_only(client, name):
    former = show(client, name).kms_key_id
    update(client, name, kms_key_id="0d0466b0-e727-4d9c-b35d-f84bb474a37f")
    add_version(client, name, secret_string="two")
    keys = [metadata.kms_key_id for metadata in list_versions(client, name).version_metadatas]
    assert keys == [former, "0d0466b0-e727-4d9c-b35d-f84bb474a37f"]
    assert [show_version(client, name, id).secret_string for id in ("v1", "v2")] == ["initial", "two"]
