"""Scheduled deletion: the cycle, and what is refused meanwhile."""

import time

import pytest
from huaweicloudsdkcsms import v1 as csms

from support import (
    DAY_MS,
    add_version,
    fields_of,
    list_secrets,
    list_versions,
    restore,
    schedule,
    show,
    show_stage,
    show_version,
)


def test_scheduling_sets_the_state_and_the_time(client, name):
    before = fields_of(show(client, name))
    secret = schedule(client, name, 7)
    assert abs(secret.scheduled_delete_time - (time.time() * 1000 + 7 * DAY_MS)) < 60_000
    changed = {
        "state": "PENDING_DELETE",
        "scheduled_delete_time": secret.scheduled_delete_time,
        "update_time": secret.update_time,
    }
    assert fields_of(secret) == {**before, **changed}
    assert fields_of(show(client, name)) == fields_of(secret)


def test_calling_it_off_brings_the_secret_back(client, name):
    before = fields_of(show(client, name))
    schedule(client, name, 30)
    after = fields_of(restore(client, name))
    assert {**after, "update_time": 0} == {**before, "update_time": 0}
    assert show_version(client, name).secret_string == "initial"
    assert add_version(client, name).id == "v2"


def test_the_window_is_30_days_unless_given(client, name):
    secret = schedule(client, name)
    assert abs(secret.scheduled_delete_time - (time.time() * 1000 + 30 * DAY_MS)) < 60_000


def test_scheduling_works_without_a_body(client, name):
    secret = client.delete_secret_for_schedule(csms.DeleteSecretForScheduleRequest(secret_name=name)).secret
    assert secret.state == "PENDING_DELETE"


@pytest.fixture
def pending(client, name):
    schedule(client, name, 7)
    return name


def test_a_pending_secret_is_shown_and_listed(client, pending):
    assert show(client, pending).state == "PENDING_DELETE"
    marker = pending[:-1]  # sorts just before the name
    assert list_secrets(client, limit="1", marker=marker).secrets[0].state == "PENDING_DELETE"
    assert len(list_versions(client, pending).version_metadatas) == 1
    assert show_stage(client, pending, "SYSCURRENT").version_id == "v1"
