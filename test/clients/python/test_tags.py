"""Tags: on one secret, in batches, over the project; secrets found by them."""

import pytest
from huaweicloudsdkcsms import v1 as csms

from support import create, delete, fields_of, new_name, refused_with, show

TAGS_MAX = 20


def create_tag(client, secret_id, key, value=None):
    body = csms.CreateSecretTagRequestBody(tag=csms.TagItem(key=key, value=value))
    return client.create_secret_tag(csms.CreateSecretTagRequest(secret_id=secret_id, body=body))


def batch(client, action, secret_id, tags, **more):
    body = csms.BatchCreateOrDeleteTagsRequestBody(
        action=action, tags=[csms.TagItem(key=key, value=value) for key, value in tags.items()], **more
    )
    return client.batch_create_or_delete_tags(csms.BatchCreateOrDeleteTagsRequest(secret_id=secret_id, body=body))


def delete_tag(client, secret_id, key):
    return client.delete_secret_tag(csms.DeleteSecretTagRequest(secret_id=secret_id, key=key))


def tags_of(client, secret_id):
    tags = client.list_secret_tags(csms.ListSecretTagsRequest(secret_id=secret_id)).tags
    return {tag.key: tag.value for tag in tags}


def values_in_project(client, key):
    tags = client.list_project_secrets_tags(csms.ListProjectSecretsTagsRequest()).tags
    return sorted(value for tag in tags if tag.key == key for value in tag.values)


def find(client, action="filter", **conditions):
    body = csms.ListResourceInstancesRequestBody(action=action, **conditions)
    request = csms.ListResourceInstancesRequest(resource_instances="resource_instances", body=body)
    return client.list_resource_instances(request)


@pytest.fixture
def secret(client, name):
    return show(client, name)


def test_a_new_secret_has_no_tags(client, secret):
    answer = client.list_secret_tags(csms.ListSecretTagsRequest(secret_id=secret.id))
    assert answer.tags == []
    assert not answer.sys_tags


def test_create_answers_204_and_sets_the_tag(client, secret):
    answer = create_tag(client, secret.id, "env", "prod")
    assert (answer.status_code, answer.raw_content) == (204, b"")
    assert tags_of(client, secret.id) == {"env": "prod"}


@pytest.mark.parametrize("key", ["a", "k" * 128, "Umgebung für_.:=+-@ 凭据", "ключ"])
@pytest.mark.parametrize("value", ["", "v" * 255, "Wert/für_.:=+-@ 凭据"])
def test_legal_tags_come_back_and_can_be_deleted(client, secret, key, value):
    create_tag(client, secret.id, key, value)
    assert tags_of(client, secret.id) == {key: value}
    assert delete_tag(client, secret.id, key).status_code == 204
    assert tags_of(client, secret.id) == {}


def test_a_batch_sets_and_overwrites(client, secret):
    create_tag(client, secret.id, "b", "old")
    answer = batch(client, "create", secret.id, {"a": "1", "b": "2"}, sequence="s-1")
    assert (answer.status_code, answer.raw_content) == (204, b"")
    assert tags_of(client, secret.id) == {"a": "1", "b": "2"}


def test_a_batch_deletes_by_key_and_passes_over_what_is_not_there(client, secret):
    batch(client, "create", secret.id, {"a": "1", "b": "2", "c": "3"})
    assert batch(client, "delete", secret.id, {"a": "1", "b": "other", "absent": None}).status_code == 204
    assert tags_of(client, secret.id) == {"c": "3"}


def test_a_tag_that_is_not_there_cannot_be_deleted(client, secret):
    assert refused_with(delete_tag, client, secret.id, "absent") == (404, "CSMS.0005")


def test_the_project_lists_every_value_of_a_key_once(client, secret):
    key, other = new_name(), new_name()
    other_id = create(client, other).id
    third = new_name()
    third_id = create(client, third).id
    for secret_id, value in ((secret.id, "one"), (other_id, "two"), (third_id, "two")):
        create_tag(client, secret_id, key, value)
    assert values_in_project(client, key) == ["one", "two"]
    delete(client, other)
    delete(client, third)
    assert values_in_project(client, key) == ["one"]


@pytest.fixture
def tagged(client):
    """Three secrets: run=<key> on all, tier=db on two, name of the first and of the last with other ends."""
    key = new_name()
    secrets = [create(client, f"{key}-{end}") for end in ("db-1", "db-2", "web")]
    for secret, tier in zip(secrets, ("db", "db", "web")):
        batch(client, "create", secret.id, {"run": key, "tier": tier})
    yield key, secrets
    for secret in secrets:
        delete(client, secret.name)


def names_of(answer):
    return [resource.resource_name for resource in answer.resources]


def test_a_resource_has_every_field(client, tagged):
    key, (first, *_) = tagged
    matches = [csms.TagMatches(key="resource_name", value=first.name)]
    answer = find(client, matches=matches)
    assert answer.total_count == 1
    (resource,) = answer.resources
    assert sorted(fields_of(resource.tags), key=lambda tag: tag["key"]) == [
        {"key": "run", "value": key},
        {"key": "tier", "value": "db"},
    ]
    assert {**fields_of(resource), "tags": None} == {
        "resource_id": first.id,
        "resource_name": first.name,
        "resource_detail": fields_of(show(client, first.name)),
        "tags": None,
        "sys_tags": [],
    }


def test_a_page_may_be_given_in_numbers(client, tagged):
    # Terraform sends them so.
    key, (first, *_) = tagged
    page = find(client, tags=[csms.Tag(key="run", values=[key])], limit=1, offset=0)
    assert (names_of(page), page.total_count) == ([first.name], 3)


def test_count_answers_the_number_alone(client, tagged):
    key, _ = tagged
    answer = find(client, "count", tags=[csms.Tag(key="run", values=[key])])
    assert (answer.resources, answer.total_count) == ([], 3)
