"""What the tests share: calls of the unmodified SDK in short, beside what is in answers.py."""

import os
import time
import uuid

from huaweicloudsdkcsms import v1 as csms
from huaweicloudsdkcsms.v1.csms_client import CsmsClient

from answers import *

USER_NAME = os.environ["CSMS_USER"]
PASSWORD = os.environ["CSMS_PASSWORD"]


def build_client(*given, **more):
    return build(CsmsClient, *given, **more)


def new_name(prefix="py"):
    return f"{prefix}-{uuid.uuid4().hex[:16]}"


def create(client, name=None, **fields):
    """Creates a secret; a value is made up where none is given."""
    if "secret_string" not in fields and "secret_binary" not in fields:
        fields["secret_string"] = "initial"
    body = csms.CreateSecretRequestBody(name=name or new_name(), **fields)
    return client.create_secret(csms.CreateSecretRequest(body=body)).secret


def show(client, name):
    return client.show_secret(csms.ShowSecretRequest(secret_name=name)).secret


def update(client, name, **fields):
    body = csms.UpdateSecretRequestBody(**fields)
    return client.update_secret(csms.UpdateSecretRequest(secret_name=name, body=body)).secret


def delete(client, name):
    return client.delete_secret(csms.DeleteSecretRequest(secret_name=name))


def schedule(client, name, days=None):
    body = csms.DeleteSecretForScheduleRequestBody(recovery_window_in_days=days)
    request = csms.DeleteSecretForScheduleRequest(secret_name=name, body=body)
    return client.delete_secret_for_schedule(request).secret


def restore(client, name):
    return client.restore_secret(csms.RestoreSecretRequest(secret_name=name)).secret


def list_secrets(client, **query):
    return client.list_secrets(csms.ListSecretsRequest(**query))


def add_version(client, name, **fields):
    if "secret_string" not in fields and "secret_binary" not in fields:
        fields["secret_string"] = "next"
    body = csms.CreateSecretVersionRequestBody(**fields)
    request = csms.CreateSecretVersionRequest(secret_name=name, body=body)
    return client.create_secret_version(request).version_metadata


def show_version(client, name, version_id="latest"):
    request = csms.ShowSecretVersionRequest(secret_name=name, version_id=version_id)
    return client.show_secret_version(request).version


def list_versions(client, name, **query):
    return client.list_secret_versions(csms.ListSecretVersionsRequest(secret_name=name, **query))


def set_expiry(client, name, version_id, expire_time):
    body = csms.UpdateVersionRequestBody(expire_time=expire_time)
    request = csms.UpdateVersionRequest(secret_name=name, version_id=version_id, body=body)
    return client.update_version(request).version_metadata


def show_stage(client, name, stage_name):
    return client.show_secret_stage(csms.ShowSecretStageRequest(secret_name=name, stage_name=stage_name)).stage


def put_stage(client, name, stage_name, version_id):
    body = csms.UpdateSecretStageRequestBody(version_id=version_id)
    request = csms.UpdateSecretStageRequest(secret_name=name, stage_name=stage_name, body=body)
    return client.update_secret_stage(request).stage


def post_stage(client, name, stage_name, version_id):
    """CreateSecretStage, which this SDK does not have yet, through its core."""
    return client.do_http_request(
        method="POST",
        resource_path="/v1/{project_id}/secrets/{secret_name}/stages",
        path_params={"secret_name": name},
        body={"name": stage_name, "version_id": version_id},
        response_type="UpdateSecretStageResponse",
    ).stage


def delete_stage(client, name, stage_name):
    request = csms.DeleteSecretStageRequest(secret_name=name, stage_name=stage_name)
    return client.delete_secret_stage(request)


def is_now_ms(time_ms):
    return isinstance(time_ms, int) and abs(time_ms - time.time() * 1000) < 60_000


def eventually(find, what, patience_s=30):
    """What `find` answers once that is something; what the server does in the background takes its time."""
    until = time.monotonic() + patience_s
    while time.monotonic() < until:
        found = find()
        if found:
            return found
        time.sleep(0.1)
    raise AssertionError(f"{what} did not come")
