"""Many secrets in one request: import, values, deletion."""

import json

from huaweicloudsdkcsms import v1 as csms

from support import add_version, create, delete, fields_of, is_now_ms, new_name, refused_with, show, show_version


def import_secrets(client, secrets):
    body = csms.ImportSecretsRequest(secrets=secrets)
    return client.batch_import_secrets(csms.BatchImportSecretsRequest(body=body))


def draft(name, **fields):
    return csms.CreateSecretRequestBody(name=name, **(fields or {"secret_string": f"value of {name}"}))


def test_every_secret_of_a_good_batch_is_there(client):
    names = [new_name() for _ in range(3)]
    drafts = [
        draft(names[0]),
        draft(names[1], secret_binary="AAEC/w==", description="für alle 🔑"),
        draft(names[2], secret_string="🔑", enterprise_project_id="0"),
    ]
    answer = import_secrets(client, drafts)
    assert fields_of(answer) == {"total": 3, "success": 3, "failed": 0, "error_list": []}
    assert show_version(client, names[0], "v1").secret_string == f"value of {names[0]}"
    assert show_version(client, names[1], "v1").secret_binary == "AAEC/w=="
    secret = show(client, names[1])
    assert (secret.description, secret.state) == ("für alle 🔑", "ENABLED")
    assert is_now_ms(secret.create_time)
    for name in names:
        delete(client, name)


def test_what_cannot_be_kept_is_named_and_the_rest_is_kept(client, name):
    fresh = new_name()
    faulty = [draft(name), draft("a b"), draft(new_name(), description="no value"), draft(fresh)]
    answer = import_secrets(client, [*faulty, draft(fresh)])
    assert (answer.total, answer.success, answer.failed) == (5, 1, 4)
    assert [error.name for error in answer.error_list] == [name, "a b", faulty[2].name, fresh]
    assert all(error.error_msg for error in answer.error_list)
    assert show_version(client, fresh).secret_string == f"value of {fresh}"
    assert show_version(client, name).secret_string == "initial"
    delete(client, fresh)


def send(client, path, body):
    """An operation that this SDK does not have yet, through its core; the answer's JSON."""
    response = client.do_http_request(
        method="POST", resource_path=f"/v1/{{project_id}}/secrets/{path}", body=body, response_type="DeleteSecretResponse"
    )
    return json.loads(response.raw_content)


def test_current_values_of_many_secrets_come_at_once(client, name):
    other = new_name()
    create(client, other, secret_binary="AAEC/w==")
    add_version(client, name, secret_string="two 🔑")
    add_version(client, name, secret_string="three", version_stages=["SYSPENDING"])
    answer = send(client, "batch-get-secret-value", {"secret_name_list": [name, other]})
    assert answer["total_count"] == 2
    versions = {version["version_metadata"]["secret_name"]: version for version in answer["versions"]}
    assert versions[name]["secret_string"] == "two 🔑"
    assert "secret_binary" not in versions[name]
    assert versions[other]["secret_binary"] == "AAEC/w=="
    metadata = fields_of(show_version(client, name, "v2").version_metadata)
    assert {"expire_time": None, **versions[name]["version_metadata"]} == metadata
    delete(client, other)


def rotated(client, instance_id):
    config = json.dumps({"InstanceId": instance_id, "SecretSubType": "SingleUser"})
    return create(client, secret_type="RDS-FG", rotation_config=config).name


def test_the_secrets_of_one_instance_are_deleted_at_once(client, name):
    instance_id = new_name()
    first, second, other = rotated(client, instance_id), rotated(client, instance_id), rotated(client, "another")
    answer = send(client, "batch-delete", {"instance_id": instance_id, "instance_type": "RDS"})
    assert answer["total"] == 2
    assert sorted(map(str, answer["success_secrets"])) == sorted([first, second])
    assert answer["failed_secrets"] == []
    assert refused_with(show, client, first) == (404, "CSMS.0106")
    assert [show(client, kept).state for kept in (other, name)] == ["ENABLED", "ENABLED"]
    delete(client, other)
