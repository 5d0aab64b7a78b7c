"""Users that may use keys, and one that may not."""

import os

from huaweicloudsdkkms.v2.kms_client import KmsClient

from support import *


def client_of(user):
    credentials = BasicCredentials(f"AK1{user.upper()}", f"secret-key-of-the-{user}-in-tests", "1" * 32)
    endpoint = os.environ["USERS_ENDPOINT"]
    return KmsClient.new_builder().with_credentials(credentials).with_endpoint(endpoint).build()


OWNER, PARTNER, STRANGER = (client_of(user) for user in ("owner", "partner", "stranger"))


def data_key(client, key_id):
    body = kms.CreateDatakeyRequestBody(key_id=key_id, datakey_length="512")
    return client.create_datakey(kms.CreateDatakeyRequest(body=body))


def list_keys(client):
    return client.list_keys(kms.ListKeysRequest(body=kms.ListKeysRequestBody()))


def test_each_may_do_what_its_policies_allow():
    key_id = create_key(OWNER, new_alias())
    assert key_id in list_keys(OWNER).keys
    assert data_key(PARTNER, key_id).key_id == key_id
    for call, client in [(describe, PARTNER), (disable, PARTNER), (describe, STRANGER), (data_key, STRANGER)]:
        assert refused_with(call, client, key_id) == (403, "KMS.0307")
    assert refused_with(describe, STRANGER, ABSENT_KEY) == (403, "KMS.0307")


def test_a_refusal_names_the_action():
    error = refusal(list_keys, STRANGER)
    assert (error.status_code, error.error_code) == (403, "KMS.0307")
    assert error.error_msg.startswith("No access permissions. User: iam::")
    assert error.error_msg.endswith("because no identity-based policy allows the kms:cmk:list action")
