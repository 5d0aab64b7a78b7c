"""Refusals, as the SDK's exceptions show them to a program."""

import pytest
from huaweicloudsdkcore.exceptions.exceptions import ClientRequestException, ServiceResponseException

from support import REQUEST_ID, new_name, refused_with, show

NOT_FOUND = (404, "CSMS.0106")


def test_a_refusal_is_a_client_request_exception_with_all_its_parts(client):
    with pytest.raises(ClientRequestException) as caught:
        show(client, "no-such-secret")
    error = caught.value
    assert isinstance(error, ServiceResponseException)
    assert error.status_code == 404
    assert error.error_code == "CSMS.0106"
    assert error.error_msg.startswith("The secret name not found int the db.")
    assert REQUEST_ID.fullmatch(error.request_id)


def test_a_missing_version_id_is_an_error_and_no_redirect(client, name):
    # Go clients with an empty parameter ask for `…/versions/`.
    status, _ = refused_with(
        client.do_http_request, method="GET", resource_path="/v1/{project_id}/secrets/%s/versions/" % name
    )
    assert status in (400, 404)


def test_a_body_above_the_limit_is_413(client):
    body = {"name": new_name(), "secret_string": "x" * 600_000}
    refused = refused_with(client.do_http_request, method="POST", resource_path="/v1/{project_id}/secrets", body=body)
    assert refused == (413, "APIGW.0201")
