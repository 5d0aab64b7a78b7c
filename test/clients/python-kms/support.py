"""What the tests share: calls of the unmodified SDK in short, beside what is in answers.py."""

import re
import uuid

from huaweicloudsdkkms import v2 as kms

from answers import *

MILLISECONDS = re.compile(r"[0-9]{13}")
HEX = re.compile(r"(?:[0-9A-F]{2})+")
ABSENT_KEY = "0d0466b0-e727-4d9c-b35d-f84bb474a37f"


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
