"""Scheduled deletion, and the way back."""

import time

from huaweicloudsdkcsms import v1 as csms

from support import DAY_MS, add_version, fields_of, restore, schedule, show, show_version


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


def test_scheduling_works_without_a_body(client, name):
    secret = client.delete_secret_for_schedule(csms.DeleteSecretForScheduleRequest(secret_name=name)).secret
    assert secret.state == "PENDING_DELETE"
