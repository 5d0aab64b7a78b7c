"""What the tests share: clients of the unmodified SDK, and checks of whole answers."""

import os
import re
import uuid

from huaweicloudsdkcore.auth.credentials import BasicCredentials
from huaweicloudsdkcore.exceptions.exceptions import ClientRequestException
from huaweicloudsdkcsms.v1.csms_client import CsmsClient
from huaweicloudsdkkms import v2 as kms
from huaweicloudsdkkms.v2.kms_client import KmsClient

ENDPOINT = os.environ["CSMS_ENDPOINT"]
AK = os.environ["HUAWEICLOUD_SDK_AK"]
SK = os.environ["HUAWEICLOUD_SDK_SK"]
PROJECT_ID = os.environ["HUAWEICLOUD_SDK_PROJECT_ID"]
DOMAIN_ID = os.environ["HUAWEICLOUD_SDK_DOMAIN_ID"]
REGION = os.environ["HW_REGION_NAME"]

UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
REQUEST_ID = re.compile(r"[0-9a-f]{32}")
MILLISECONDS = re.compile(r"[0-9]{13}")
HEX = re.compile(r"(?:[0-9A-F]{2})+")
DAY_MS = 86_400_000
ABSENT_KEY = "0d0466b0-e727-4d9c-b35d-f84bb474a37f"


def build_client():
    """A client as a program would build it."""
    return KmsClient.new_builder().with_credentials(BasicCredentials(AK, SK, PROJECT_ID)).with_endpoint(ENDPOINT).build()


def build_secrets_client():
    return CsmsClient.new_builder().with_credentials(BasicCredentials(AK, SK, PROJECT_ID)).with_endpoint(ENDPOINT).build()


def new_alias(prefix="py"):
    return f"{prefix}-{uuid.uuid4().hex[:16]}"


def create_key(client, alias, **fields):
    body = kms.CreateKeyRequestBody(key_alias=alias, **fields)
    return client.create_key(kms.CreateKeyRequest(body=body)).key_info.key_id


def operate(key_id):
    return kms.OperateKeyRequestBody(key_id=key_id)


def describe(client, key_id):
    return client.list_key_detail(kms.ListKeyDetailRequest(body=operate(key_id))).key_info


def enable(client, key_id):
    return client.enable_key(kms.EnableKeyRequest(body=operate(key_id))).key_info


def disable(client, key_id):
    return client.disable_key(kms.DisableKeyRequest(body=operate(key_id))).key_info


def schedule_deletion(client, key_id, days="7"):
    body = kms.ScheduleKeyDeletionRequestBody(key_id=key_id, pending_days=days)
    return client.delete_key(kms.DeleteKeyRequest(body=body))


def cancel_deletion(client, key_id):
    return client.cancel_key_deletion(kms.CancelKeyDeletionRequest(body=operate(key_id)))


def purge_later(client, key_id):
    if describe(client, key_id).key_state != "4":
        schedule_deletion(client, key_id)


def list_keys(client, **fields):
    return client.list_keys(kms.ListKeysRequest(body=kms.ListKeysRequestBody(**fields)))


def rotation_status(client, key_id):
    return client.show_key_rotation_status(kms.ShowKeyRotationStatusRequest(body=operate(key_id)))


def fields_of(model):
    """Every field of an SDK model, those that are None too."""
    return {name: getattr(model, name) for name in model.openapi_types}


def refused_with(call, *args, **kwargs):
    """Status and code of a refusal, its parts checked to be there as the SDK shows them to a program."""
    try:
        call(*args, **kwargs)
    except ClientRequestException as error:
        assert REQUEST_ID.fullmatch(error.request_id), error
        assert error.error_msg
        return error.status_code, error.error_code
    raise AssertionError("the call was not refused")
