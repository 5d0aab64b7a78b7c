"""Versions: numbers, stages that follow them, expiry, the cap."""

import time

import pytest

from support import (
    DAY_MS,
    UUID,
    add_version,
    fields_of,
    is_now_ms,
    list_versions,
    refused_with,
    set_expiry,
    show,
    show_stage,
    show_version,
    update,
)


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


def test_older_versions_stay_readable(client, name):
    add_version(client, name, secret_string="two")
    assert show_version(client, name, "v1").secret_string == "initial"


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


def test_a_given_syscurrent_rotates_like_the_default(client, name):
    add_version(client, name, version_stages=["SYSCURRENT"])
    assert show_stage(client, name, "SYSPREVIOUS").version_id == "v1"


def test_versions_of_one_secret_have_growing_create_times(client, name):
    for _ in range(10):
        add_version(client, name)
    times = [metadata.create_time for metadata in list_versions(client, name).version_metadatas]
    assert all(earlier < later for earlier, later in zip(times, times[1:]))


def test_the_21st_version_takes_the_place_of_the_oldest_without_a_stage(client, name):
    for number in range(2, 22):
        assert add_version(client, name, secret_string=str(number)).id == f"v{number}"
    ids = [metadata.id for metadata in list_versions(client, name).version_metadatas]
    assert ids == [f"v{number}" for number in range(2, 22)]
    assert refused_with(show_version, client, name, "v1") == (404, "CSMS.0005")
    assert show_version(client, name, "v2").secret_string == "2"


def test_a_version_with_a_stage_survives_the_cap(client, name):
    add_version(client, name, version_stages=["keep"], secret_string="kept")
    for _ in range(25):
        add_version(client, name)
    assert show_version(client, name, "v2").secret_string == "kept"
    assert len(list_versions(client, name).version_metadatas) == 20


@pytest.mark.parametrize("expire_time", [0, 1_696_838_472_000, 9_999_999_999_999])
def test_update_sets_the_expiry_exactly(client, name, expire_time):
    metadata = set_expiry(client, name, "v1", expire_time)
    assert (metadata.id, metadata.expire_time) == ("v1", expire_time)
    shown = show_version(client, name, "v1").version_metadata
    assert fields_of(shown) == fields_of(metadata)


def test_an_expired_version_stays_readable(client, name):
    set_expiry(client, name, "v1", int(time.time() * 1000) - DAY_MS)
    assert show_version(client, name).secret_string == "initial"


@pytest.mark.parametrize("expire_time", [-1, 10_000_000_000_000, "soon", 1.5])
def test_an_expiry_that_is_no_time_is_refused(client, name, expire_time):
    assert refused_with(set_expiry, client, name, "v1", expire_time) == (400, "CSMS.0002")


def test_latest_cannot_be_updated(client, name):
    assert refused_with(set_expiry, client, name, "latest", 0) == (400, "CSMS.0002")


def test_a_new_key_is_used_by_later_versions_only(client, name):
    former = show(client, name).kms_key_id
    update(client, name, kms_key_id="0d0466b0-e727-4d9c-b35d-f84bb474a37f")
    add_version(client, name, secret_string="two")
    keys = [metadata.kms_key_id for metadata in list_versions(client, name).version_metadatas]
    assert keys == [former, "0d0466b0-e727-4d9c-b35d-f84bb474a37f"]
    assert [show_version(client, name, id).secret_string for id in ("v1", "v2")] == ["initial", "two"]
