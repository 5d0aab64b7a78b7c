"""Versions: numbers, stages that follow them, expiry, the cap."""

import pytest

from support import UUID, add_version, fields_of, is_now_ms, list_versions, set_expiry, show, show_version


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


def test_the_list_holds_metadata_and_no_values(client, name):
    second = add_version(client, name, secret_string="two")
    first = show_version(client, name, "v1").version_metadata
    page = list_versions(client, name)
    assert [fields_of(metadata) for metadata in page.version_metadatas] == [fields_of(first), fields_of(second)]
    assert b"initial" not in page.raw_content and b"two" not in page.raw_content


@pytest.mark.parametrize("expire_time", [0, 1_696_838_472_000, 9_999_999_999_999])
def test_update_sets_the_expiry_exactly(client, name, expire_time):
    metadata = set_expiry(client, name, "v1", expire_time)
    assert (metadata.id, metadata.expire_time) == ("v1", expire_time)
    shown = show_version(client, name, "v1").version_metadata
    assert fields_of(shown) == fields_of(metadata)
