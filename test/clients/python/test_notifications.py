"""Records of what was notified."""

import json

from huaweicloudsdkcsms import v1 as csms

from events import TOPIC
from support import eventually, fields_of, is_now_ms


def records_of(client, secret_name):
    records = client.list_notification_records(csms.ListNotificationRecordsRequest()).records
    return [record for record in records if record.secret_name == secret_name]


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
