"""Refusals, as the SDK's exceptions show them to a program."""

import pytest
from huaweicloudsdkcore.exceptions.exceptions import ClientRequestException, ServiceResponseException

from support import REQUEST_ID, add_version, create, new_name, refusal, refused_with, set_expiry, show, show_version

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


def test_two_refusals_have_two_request_ids(client):
    first, second = (refusal(show, client, "no-such-secret") for _ in range(2))
    assert first.request_id != second.request_id


def test_a_missing_version_is_404(client, name):
    assert refused_with(show_version, client, name, "v2") == (404, "CSMS.0005")
    assert refused_with(set_expiry, client, name, "v2", 0) == (404, "CSMS.0005")


def test_a_second_secret_of_the_same_name_is_409(client, name):
    assert refused_with(create, client, name) == (409, "CSMS.0101")


def test_the_message_names_the_field_and_never_the_value(client, name):
    error = refusal(add_version, client, name, secret_binary="!confidential!")
    assert "secret_binary" in error.error_msg
    assert "confidential" not in error.error_msg


def test_an_unknown_path_is_the_gateways_404(client):
    refused = refused_with(client.do_http_request, method="GET", resource_path="/v1/{project_id}/nothing")
    assert refused == (404, "APIGW.0101")


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
