"""Events, subscriptions to them, and records of what was notified."""

import json

import pytest
from huaweicloudsdkcsms import v1 as csms

from support import (
    PROJECT_ID,
    REGION,
    UUID,
    add_version,
    create,
    delete,
    eventually,
    fields_of,
    is_now_ms,
    list_secrets,
    new_name,
    refused_with,
    set_expiry,
    show,
    update,
)

# The dev server maps no topic, so nothing leaves the machine and each record says INVALID.
TOPIC = f"urn:smn:{REGION}:{PROJECT_ID}:nobody"
TYPES = [
    "SECRET_VERSION_CREATED",
    "SECRET_VERSION_EXPIRED",
    "SECRET_ROTATED",
    "SECRET_ROTATED_FAILED",
    "SECRET_DELETED",
]


def notification(**fields):
    return csms.Notification(**{"target_type": "SMN", "target_id": TOPIC, "target_name": "nobody", **fields})


def create_event(client, name=None, **fields):
    given = {"event_types": TYPES, "state": "ENABLED", "notification": notification(), **fields}
    body = csms.CreateSecretEventRequestBody(name=name or new_name(), **given)
    return client.create_secret_event(csms.CreateSecretEventRequest(body=body)).event


def show_event(client, name):
    return client.show_secret_event(csms.ShowSecretEventRequest(event_name=name)).event


def update_event(client, name, **fields):
    body = csms.UpdateSecretEventRequestBody(**fields)
    return client.update_secret_event(csms.UpdateSecretEventRequest(event_name=name, body=body)).event


def delete_event(client, name):
    return client.delete_secret_event(csms.DeleteSecretEventRequest(event_name=name))


def list_events(client, **query):
    return client.list_secret_events(csms.ListSecretEventsRequest(**query))


def records_of(client, secret_name):
    records = client.list_notification_records(csms.ListNotificationRecordsRequest()).records
    return [record for record in records if record.secret_name == secret_name]


@pytest.fixture
def event(client):
    made = create_event(client)
    yield made
    delete_event(client, made.name)


@pytest.fixture
def subscriber(client, event):
    """A secret that subscribes to `event`."""
    secret = create(client, event_subscriptions=[event.name])
    yield secret
    delete(client, secret.name)


def test_a_new_event_has_every_field(client, event):
    assert UUID.fullmatch(event.event_id)
    assert is_now_ms(event.create_time)
    assert fields_of(event) == {
        "name": event.name,
        "event_id": event.event_id,
        "event_types": TYPES,
        "state": "ENABLED",
        "create_time": event.create_time,
        "update_time": event.create_time,
        "notification": {"target_type": "SMN", "target_id": TOPIC, "target_name": "nobody"},
    }
    assert fields_of(show_event(client, event.name)) == fields_of(event)


@pytest.mark.parametrize(
    "change",
    [
        {"state": "DISABLED"},
        {"event_types": ["SECRET_DELETED"]},
        {"notification": notification(target_id=f"{TOPIC}-2", target_name="second")},
    ],
    ids=lambda change: next(iter(change)),
)
def test_update_changes_what_it_names_and_nothing_else(client, event, change):
    after = update_event(client, event.name, **change)
    changed = {name: fields_of(value) for name, value in change.items()}
    assert fields_of(after) == {**fields_of(event), **changed, "update_time": after.update_time}
    assert after.update_time >= event.update_time
    assert fields_of(show_event(client, event.name)) == fields_of(after)


def test_the_list_holds_the_event_as_show_gives_it(client, event):
    marker = event.name[:-1]  # sorts just before the name
    page = list_events(client, limit="1", marker=marker)
    assert fields_of(page.events) == [fields_of(event)]
    info = fields_of(page.page_info)
    assert {**info, "next_marker": None} == {
        "next_marker": None,
        "previous_marker": event.name,
        "current_count": 1,
    }


def test_pages_lead_to_every_event_once(client):
    names = sorted(create_event(client).name for _ in range(3))
    found, marker = [], None
    while True:
        page = list_events(client, limit="1", marker=marker)
        found += [event.name for event in page.events]
        marker = page.page_info.next_marker
        if marker is None:
            break
    assert [name for name in found if name in names] == names
    for name in names:
        delete_event(client, name)


@pytest.mark.parametrize("query", [{"limit": "0"}, {"limit": "1001"}, {"limit": "x"}, {"marker": "a b"}], ids=str)
def test_impossible_pages_are_refused(client, query):
    assert refused_with(list_events, client, **query) == (400, "CSMS.0002")


def test_delete_answers_204_and_the_event_is_gone(client):
    name = create_event(client).name
    answer = delete_event(client, name)
    assert (answer.status_code, answer.raw_content) == (204, b"")
    assert refused_with(show_event, client, name) == (404, "CSMS.0005")
    assert refused_with(delete_event, client, name) == (404, "CSMS.0005")
    assert refused_with(update_event, client, name, state="ENABLED") == (404, "CSMS.0005")


def test_a_name_is_taken_once(client, event):
    assert refused_with(create_event, client, event.name) == (409, "CSMS.0101")


@pytest.mark.parametrize(
    "fields",
    [
        {"name": "a b"},
        {"name": "x" * 65},
        {"event_types": []},
        {"event_types": ["SECRET_DELETED", "SECRET_DELETED"]},
        {"event_types": ["SECRET_VERSION_NEAR_EXPIRY"]},
        {"state": "enabled"},
        {"notification": notification(target_type="HTTP")},
        {"notification": notification(target_id="https://example.com/x")},
        {"notification": notification(target_name="a b")},
    ],
    ids=str,
)
def test_impossible_events_are_refused(client, fields):
    assert refused_with(create_event, client, **fields) == (400, "CSMS.0002")


def test_secrets_subscribe_by_name_and_are_found_by_it(client, event, subscriber):
    assert subscriber.event_subscriptions == [event.name]
    found = list_secrets(client, event_name=event.name).secrets
    assert fields_of(found) == [fields_of(show(client, subscriber.name))]


def test_an_event_stays_while_a_secret_subscribes(client, event, subscriber):
    assert refused_with(delete_event, client, event.name) == (400, "CSMS.0003")
    update(client, subscriber.name, event_subscriptions=[])
    assert show(client, subscriber.name).event_subscriptions == []
    assert list_secrets(client, event_name=event.name).secrets == []


def test_a_secret_cannot_subscribe_to_what_is_not_there(client, name):
    assert refused_with(create, client, event_subscriptions=["no-such-event"]) == (400, "CSMS.0002")
    assert refused_with(update, client, name, event_subscriptions=["no-such-event"]) == (400, "CSMS.0002")


def record_of(client, secret_name, event_type):
    def find():
        return [record for record in records_of(client, secret_name) if record.trigger_event_type == event_type]

    (record,) = eventually(find, f"the record of {event_type}")
    return record


def test_a_record_has_every_field(client, event, subscriber):
    record = record_of(client, subscriber.name, "SECRET_VERSION_CREATED")
    assert is_now_ms(record.create_time)
    assert fields_of(record) == {
        "event_name": event.name,
        "trigger_event_type": "SECRET_VERSION_CREATED",
        "create_time": record.create_time,
        "secret_name": subscriber.name,
        "secret_type": "COMMON",
        "notification_target_name": "nobody",
        "notification_target_id": TOPIC,
        "notification_content": record.notification_content,
        "notification_status": "INVALID",
    }
    content = json.loads(record.notification_content)
    assert content["eventName"] == event.name
    assert content["eventType"] == "SECRET_VERSION_CREATED"
    assert (content["data"]["secretId"], content["data"]["secretName"]) == (subscriber.id, subscriber.name)
    assert content["data"]["versionId"] == "v1"
    assert "initial" not in record.notification_content


def test_expiry_is_notified_once_for_each_update(client, subscriber):
    set_expiry(client, subscriber.name, "v1", 1_696_838_472_000)
    record = record_of(client, subscriber.name, "SECRET_VERSION_EXPIRED")
    data = json.loads(record.notification_content)["data"]
    assert (data["versionId"], data["versionExpireTime"]) == ("v1", "2023-10-09T08:01:12.000Z")


def test_deletion_is_notified(client, event):
    secret = create(client, event_subscriptions=[event.name])
    delete(client, secret.name)
    record = record_of(client, secret.name, "SECRET_DELETED")
    assert "versionId" not in json.loads(record.notification_content)["data"]


def test_a_disabled_event_notifies_nothing(client, event, subscriber):
    update_event(client, event.name, state="DISABLED")
    add_version(client, subscriber.name)
    update_event(client, event.name, state="ENABLED")
    add_version(client, subscriber.name)

    def versions():
        contents = [json.loads(record.notification_content) for record in records_of(client, subscriber.name)]
        return {content["data"]["versionId"] for content in contents}

    eventually(lambda: "v3" in versions(), "the record of v3")
    assert "v2" not in versions()


def test_records_come_newest_first(client, event, subscriber):
    add_version(client, subscriber.name)
    eventually(lambda: len(records_of(client, subscriber.name)) == 2, "the second record")
    times = [record.create_time for record in records_of(client, subscriber.name)]
    assert times == sorted(times, reverse=True)
