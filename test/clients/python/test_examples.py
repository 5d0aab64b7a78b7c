"""The request bodies that the vendor's documents print, as somebody would paste them, in the order of a first visit."""

import json

import pytest

from support import delete, new_name, refused_with, show

CREATE_SECRET = """{
  "kms_key_id" : "0d0466b0-e727-4d9c-b35d-f84bb474a37f",
  "name" : "demo",
  "secret_string" : "this is a demo secret string"
}"""
UPDATE_SECRET = '{"description": "update description", "event_subscriptions": ["pocEvent2"], "kms_key_id": "test"}'
UPDATE_SECRET_WITHOUT_EVENT = '{"description": "update description", "kms_key_id": "test"}'
DELETE_SECRET_FOR_SCHEDULE = '{"recovery_window_in_days": 15}'
CREATE_SECRET_VERSION = '{"secret_string": "secret_string"}'
UPDATE_VERSION = '{"expire_time": 1696838472000}'
UPDATE_SECRET_STAGE = '{"version_id": "version_id"}'


def send(client, method, path, body=None, query=()):
    """The body goes out exactly as it is printed; the answer comes back as plain JSON."""
    response = client.do_http_request(
        method=method,
        resource_path="/v1/{project_id}/secrets" + path,
        query_params=list(query),
        body=body,
        # Some model is needed; what it makes of the answer is not looked at.
        response_type="ShowSecretResponse",
    )
    return json.loads(response.raw_content) if response.raw_content else None


@pytest.fixture
def demo(client):
    send(client, "POST", "", CREATE_SECRET)
    yield "/demo"
    delete(client, "demo")


def test_create_secret(client):
    secret = send(client, "POST", "", CREATE_SECRET)["secret"]
    assert (secret["name"], secret["state"]) == ("demo", "ENABLED")
    assert secret["kms_key_id"] == "0d0466b0-e727-4d9c-b35d-f84bb474a37f"
    delete(client, "demo")


def test_list_and_show_have_no_body(client, demo):
    assert "demo" in [secret["name"] for secret in send(client, "GET", "", query=[("limit", "1000")])["secrets"]]
    assert send(client, "GET", demo)["secret"]["name"] == "demo"


def test_update_secret_names_an_event_that_this_release_does_not_have(client, demo):
    assert refused_with(send, client, "PUT", demo, UPDATE_SECRET) == (400, "CSMS.0002")
    assert show(client, "demo").description == ""


def test_update_secret_without_the_event(client, demo):
    secret = send(client, "PUT", demo, UPDATE_SECRET_WITHOUT_EVENT)["secret"]
    assert (secret["description"], secret["kms_key_id"]) == ("update description", "test")


def test_create_secret_version(client, demo):
    metadata = send(client, "POST", demo + "/versions", CREATE_SECRET_VERSION)["version_metadata"]
    assert (metadata["id"], metadata["version_stages"]) == ("v2", ["SYSCURRENT"])
    assert send(client, "GET", demo + "/versions/v2")["version"]["secret_string"] == "secret_string"


def test_a_version_under_the_key_of_the_examples(client, demo):
    send(client, "PUT", demo, UPDATE_SECRET_WITHOUT_EVENT)
    metadata = send(client, "POST", demo + "/versions", CREATE_SECRET_VERSION)["version_metadata"]
    assert metadata["kms_key_id"] == "test"
    first = send(client, "GET", demo + "/versions/v1")["version"]
    assert first["version_metadata"]["kms_key_id"] == "0d0466b0-e727-4d9c-b35d-f84bb474a37f"
    assert first["secret_string"] == "this is a demo secret string"


def test_update_version(client, demo):
    metadata = send(client, "PUT", demo + "/versions/v1", UPDATE_VERSION)["version_metadata"]
    assert metadata["expire_time"] == 1_696_838_472_000


def test_update_secret_stage_prints_a_placeholder_that_no_version_can_have(client, demo):
    assert refused_with(send, client, "PUT", demo + "/stages/test", UPDATE_SECRET_STAGE) == (400, "CSMS.0002")


def test_update_secret_stage_with_a_real_version(client, demo):
    body = UPDATE_SECRET_STAGE.replace('"version_id"}', '"v1"}')
    stage = send(client, "PUT", demo + "/stages/test", body)["stage"]
    assert (stage["name"], stage["version_id"]) == ("test", "v1")
    assert send(client, "GET", demo + "/stages/test")["stage"] == stage
    assert send(client, "DELETE", demo + "/stages/test") is None


def test_delete_secret_for_schedule_and_restore_secret(client, demo):
    secret = send(client, "POST", demo + "/scheduled-deleted-tasks/create", DELETE_SECRET_FOR_SCHEDULE)["secret"]
    days = (secret["scheduled_delete_time"] - secret["update_time"]) / 86_400_000
    assert (secret["state"], round(days)) == ("PENDING_DELETE", 15)
    assert send(client, "POST", demo + "/scheduled-deleted-tasks/cancel")["secret"]["state"] == "ENABLED"


def test_unknown_fields_are_ignored(client):
    name = new_name()
    body = json.dumps({"name": name, "secret_string": "x", "tags": [{"key": "a"}], "no_such_field": 1})
    assert "tags" not in send(client, "POST", "", body)["secret"]
    delete(client, name)
