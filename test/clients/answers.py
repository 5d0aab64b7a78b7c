"""What the tests of both Python SDKs share: where the server is, and checks of whole answers."""

import os
import re

from huaweicloudsdkcore.auth.credentials import BasicCredentials
from huaweicloudsdkcore.exceptions.exceptions import ClientRequestException
from huaweicloudsdkcore.http.http_config import HttpConfig
from huaweicloudsdkcore.signer.algorithm import SigningAlgorithm

ENDPOINT = os.environ["CSMS_ENDPOINT"]
AK = os.environ["HUAWEICLOUD_SDK_AK"]
SK = os.environ["HUAWEICLOUD_SDK_SK"]
PROJECT_ID = os.environ["HUAWEICLOUD_SDK_PROJECT_ID"]
DOMAIN_ID = os.environ["HUAWEICLOUD_SDK_DOMAIN_ID"]
REGION = os.environ["HW_REGION_NAME"]

UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
REQUEST_ID = re.compile(r"[0-9a-f]{32}")
DAY_MS = 86_400_000


def build(client_class, credentials=None, algorithm=SigningAlgorithm.HMAC_SHA256):
    """A client as a program would build it; its credentials are those of the administrator unless given."""
    return (
        client_class.new_builder()
        .with_credentials(credentials or BasicCredentials(AK, SK, PROJECT_ID))
        .with_endpoint(ENDPOINT)
        .with_http_config(HttpConfig(signing_algorithm=algorithm))
        .build()
    )


def fields_of(model):
    """Every field of an SDK model, those that are None too; the models in it likewise."""
    if isinstance(model, list):
        return [fields_of(entry) for entry in model]
    if not hasattr(model, "openapi_types"):
        return model
    return {name: fields_of(getattr(model, name)) for name in model.openapi_types}


def refusal(call, *args, **kwargs):
    """The exception that a call ends with, its parts checked to be there as the SDK shows them to a program."""
    try:
        call(*args, **kwargs)
    except ClientRequestException as error:
        assert REQUEST_ID.fullmatch(error.request_id), error
        assert error.error_msg
        return error
    raise AssertionError("the call was not refused")


def refused_with(call, *args, **kwargs):
    """Status and code of a refusal."""
    error = refusal(call, *args, **kwargs)
    return error.status_code, error.error_code
