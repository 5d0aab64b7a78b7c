"""Events, and subscriptions of secrets to them."""

import pytest

from events import TOPIC, TYPES, create_event, delete_event, list_events, notification, show_event, update_event
from support import UUID, fields_of, is_now_ms, list_secrets, refused_with, show, update


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


def test_delete_answers_204_and_the_event_is_gone(client):
    name = create_event(client).name
    answer = delete_event(client, name)
    assert (answer.status_code, answer.raw_content) == (204, b"")
    assert refused_with(show_event, client, name) == (404, "CSMS.0005")
    assert refused_with(delete_event, client, name) == (404, "CSMS.0005")
    assert refused_with(update_event, client, name, state="ENABLED") == (404, "CSMS.0005")


def test_secrets_subscribe_by_name_and_are_found_by_it(client, event, subscriber):
    assert subscriber.event_subscriptions == [event.name]
    found = list_secrets(client, event_name=event.name).secrets
    assert fields_of(found) == [fields_of(show(client, subscriber.name))]


def test_an_event_stays_while_a_secret_subscribes(client, event, subscriber):
    assert refused_with(delete_event, client, event.name) == (400, "CSMS.0003")
    update(client, subscriber.name, event_subscriptions=[])
    assert show(client, subscriber.name).event_subscriptions == []
    assert list_secrets(client, event_name=event.name).secrets == []
