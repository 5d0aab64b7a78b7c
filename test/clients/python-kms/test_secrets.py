"""Secrets under keys that their owner made: what the state of the key does to their values."""

import uuid

from huaweicloudsdkcsms import v1 as csms

from support import cancel_deletion, describe, disable, enable, new_alias, refused_with, schedule_deletion


def create_secret(secrets, **fields):
    body = csms.CreateSecretRequestBody(name=new_alias("secret"), secret_string="first", **fields)
    return secrets.create_secret(csms.CreateSecretRequest(body=body)).secret


def read(secrets, name):
    request = csms.ShowSecretVersionRequest(secret_name=name, version_id="latest")
    return secrets.show_secret_version(request).version.secret_string


def add_version(secrets, name):
    body = csms.CreateSecretVersionRequestBody(secret_string="second")
    return secrets.create_secret_version(csms.CreateSecretVersionRequest(secret_name=name, body=body))


def delete(secrets, name):
    secrets.delete_secret(csms.DeleteSecretRequest(secret_name=name))


def test_a_value_is_readable_while_its_key_is_enabled(client, secrets, key_id):
    secret = create_secret(secrets, kms_key_id=key_id)
    assert secret.kms_key_id == key_id
    assert read(secrets, secret.name) == "first"
    disable(client, key_id)
    assert refused_with(read, secrets, secret.name) == (400, "CSMS.0401")
    assert refused_with(add_version, secrets, secret.name) == (400, "CSMS.0401")
    assert refused_with(create_secret, secrets, kms_key_id=key_id) == (400, "CSMS.0401")
    shown = secrets.show_secret(csms.ShowSecretRequest(secret_name=secret.name)).secret
    assert shown.kms_key_id == key_id
    enable(client, key_id)
    assert read(secrets, secret.name) == "first"
    schedule_deletion(client, key_id)
    assert refused_with(read, secrets, secret.name) == (400, "CSMS.0401")
    cancel_deletion(client, key_id)
    assert refused_with(read, secrets, secret.name) == (400, "CSMS.0401")
    enable(client, key_id)
    assert read(secrets, secret.name) == "first"
    delete(secrets, secret.name)


def test_the_default_key_belongs_to_the_service(client, secrets):
    secret = create_secret(secrets)
    details = describe(client, secret.kms_key_id)
    assert (details.key_alias, details.default_key_flag, details.key_state) == ("csms/default", "1", "2")
    assert refused_with(disable, client, secret.kms_key_id) == (400, "KMS.0211")
    assert refused_with(schedule_deletion, client, secret.kms_key_id) == (400, "KMS.0211")
    delete(secrets, secret.name)


def test_dev_makes_a_key_that_a_secret_names(client, secrets):
    wanted = str(uuid.uuid4())
    assert refused_with(describe, client, wanted) == (404, "KMS.0207")
    secret = create_secret(secrets, kms_key_id=wanted)
    assert describe(client, wanted).key_id == wanted
    delete(secrets, secret.name)
