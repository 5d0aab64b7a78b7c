"""Stages: attach, move, delete, and how many there may be."""


from support import (
    add_version,
    delete_stage,
    fields_of,
    is_now_ms,
    list_versions,
    post_stage,
    put_stage,
    refused_with,
    show_stage,
    show_version,
)


def stages_of(client, name):
    return {metadata.id: sorted(metadata.version_stages) for metadata in list_versions(client, name).version_metadatas}


def test_a_stage_has_every_field(client, name):
    stage = put_stage(client, name, "blue", "v1")
    assert is_now_ms(stage.update_time)
    assert fields_of(stage) == {
        "name": "blue",
        "update_time": stage.update_time,
        "secret_name": name,
        "version_id": "v1",
    }
    assert fields_of(show_stage(client, name, "blue")) == fields_of(stage)


def test_create_stage_attaches_and_then_moves(client, name):
    assert post_stage(client, name, "green", "v1").version_id == "v1"
    add_version(client, name)
    moved = post_stage(client, name, "green", "v2")
    assert fields_of(moved) == fields_of(show_stage(client, name, "green"))
    assert moved.version_id == "v2"


def test_delete_answers_204_and_leaves_the_version(client, name):
    put_stage(client, name, "blue", "v1")
    response = delete_stage(client, name, "blue")
    assert (response.status_code, response.raw_content) == (204, b"")
    assert refused_with(show_stage, client, name, "blue") == (404, "CSMS.0005")
    assert show_version(client, name, "v1").secret_string == "initial"


def test_the_flow_of_a_rotation_for_two_users(client, name):
    # What the vendor's rotation function does: a pending version, then the two built-in stages by hand.
    pending = add_version(client, name, secret_string="two", version_stages=["SYSPENDING"]).id
    assert show_version(client, name).secret_string == "initial"
    put_stage(client, name, "SYSPREVIOUS", "v1")
    put_stage(client, name, "SYSCURRENT", pending)
    delete_stage(client, name, "SYSPENDING")
    assert stages_of(client, name) == {"v1": ["SYSPREVIOUS"], "v2": ["SYSCURRENT"]}
    assert show_version(client, name).secret_string == "two"
