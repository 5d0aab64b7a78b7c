"""Events as the tests make them."""

from huaweicloudsdkcsms import v1 as csms

from support import PROJECT_ID, REGION, new_name

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
