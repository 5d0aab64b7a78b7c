"""Tags of keys, and finding keys by them."""

from huaweicloudsdkkms import v2 as kms

from support import describe, fields_of, new_alias, refused_with


def tag(key, value=""):
    return kms.TagItem(key=key, value=value)


def show_tags(client, key_id):
    response = client.show_kms_tags(kms.ShowKmsTagsRequest(key_id=key_id))
    assert response.exist_tags_num == len(response.tags)
    return {item.key: item.value for item in response.tags}


def batch(client, key_id, action, *tags):
    body = kms.BatchCreateKmsTagsRequestBody(action=action, tags=list(tags))
    return client.batch_create_kms_tags(kms.BatchCreateKmsTagsRequest(key_id=key_id, body=body))


def find(client, action="filter", **conditions):
    body = kms.ListKmsByTagsRequestBody(action=action, **conditions)
    request = kms.ListKmsByTagsRequest(resource_instances="resource_instances", body=body)
    return client.list_kms_by_tags(request)


def test_tags_are_set_shown_and_taken_away(client, key_id):
    body = kms.CreateKmsTagRequestBody(tag=tag("team", "red"))
    client.create_kms_tag(kms.CreateKmsTagRequest(key_id=key_id, body=body))
    assert show_tags(client, key_id) == {"team": "red"}
    batch(client, key_id, "create", tag("team", "blue"), tag("tier", "1"), tag("a b/c"))
    assert show_tags(client, key_id) == {"team": "blue", "tier": "1", "a b/c": ""}
    batch(client, key_id, "delete", tag("tier"), tag("a b/c"))
    assert show_tags(client, key_id) == {"team": "blue"}
    delete = kms.DeleteTagRequest(key_id=key_id, key="team")
    client.delete_tag(delete)
    assert show_tags(client, key_id) == {}
    assert refused_with(client.delete_tag, delete) == (404, "KMS.0416")


def test_keys_are_found_by_their_tags(client, key_id):
    key, value = new_alias("tag"), new_alias("value")
    batch(client, key_id, "create", tag(key, value))
    listed = client.list_kms_tags(kms.ListKmsTagsRequest()).tags
    assert [fields_of(item) for item in listed if item.key == key] == [{"key": key, "values": [value]}]
    found = find(client, tags=[kms.Tag(key=key, values=[value])], limit="10", offset="0")
    assert found.total_count == 1
    (resource,) = found.resources
    details = describe(client, key_id)
    assert (resource.resource_id, resource.resource_name) == (key_id, details.key_alias)
    assert fields_of(resource.resource_detail) == fields_of(details)
    assert [fields_of(item) for item in resource.tags] == [{"key": key, "value": value}]
    by_name = find(client, matches=[kms.TagItem(key="resource_name", value=details.key_alias)])
    assert [entry.resource_id for entry in by_name.resources] == [key_id]
    counted = find(client, "count", tags=[kms.Tag(key=key, values=["other"])])
    assert (counted.resources, counted.total_count) == ([], 0)
