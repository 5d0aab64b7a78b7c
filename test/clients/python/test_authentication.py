"""Who is calling: signatures, their age, projects, and the look-ups that the SDK makes by itself."""

from datetime import datetime, timedelta, timezone

import pytest
from huaweicloudsdkcore.auth.credentials import BasicCredentials, Credentials, GlobalCredentials
from huaweicloudsdkcore.exceptions.exceptions import SdkException
from huaweicloudsdkcore.region.region import Region
from huaweicloudsdkcore.signer.algorithm import SigningAlgorithm
from huaweicloudsdkcsms.v1.csms_async_client import CsmsAsyncClient
from huaweicloudsdkcsms.v1.csms_client import CsmsClient
from huaweicloudsdkcsms.v1.region.csms_region import CsmsRegion
from huaweicloudsdkcsms import v1 as csms

from support import (
    AK,
    DOMAIN_ID,
    ENDPOINT,
    PROJECT_ID,
    REGION,
    SK,
    add_version,
    build_client,
    create,
    delete,
    list_secrets,
    new_name,
    put_stage,
    refusal,
    refused_with,
    restore,
    schedule,
    set_expiry,
    show,
    show_version,
    update,
)


def sdk_date(offset):
    return (datetime.now(timezone.utc) + offset).strftime("%Y%m%dT%H%M%SZ")


@pytest.fixture(autouse=True)
def forget_projects():
    # The SDK remembers what it has looked up, for the whole process.
    Credentials._CACHE.clear()


def test_credentials_come_from_the_environment():
    # credentials.env sets what the SDK's provider chain reads.
    client = CsmsClient.new_builder().with_endpoint(ENDPOINT).build()
    assert list_secrets(client).status_code == 200


def test_a_wrong_secret_key_is_401():
    error = refusal(list_secrets, build_client(BasicCredentials(AK, SK[:-1] + "~", PROJECT_ID)))
    assert (error.status_code, error.error_code) == (401, "APIGW.0301")
    assert "verify aksk signature fail" in error.error_msg
    # The echo helps to find the difference: every line feed of the canonical request is a bar.
    assert f"canonicalRequest:GET|/v1/{PROJECT_ID}/secrets/||" in error.error_msg


def test_an_unknown_access_key_is_401_and_named():
    error = refusal(list_secrets, build_client(BasicCredentials("AKNOBODY", SK, PROJECT_ID)))
    assert (error.status_code, error.error_code) == (401, "APIGW.0301")
    assert "ak:AKNOBODY,err:ak not exist" in error.error_msg


@pytest.mark.parametrize("minutes", [-16, 16, -60 * 24 * 365])
def test_a_date_outside_the_window_is_401_and_tells_both_times(minutes):
    client = build_client()
    date = sdk_date(timedelta(minutes=minutes))
    client.preset_headers = {"X-Sdk-Date": date}
    error = refusal(list_secrets, client)
    assert (error.status_code, error.error_code) == (401, "APIGW.0301")
    assert f"signature expired, signature time:{date},server time:" in error.error_msg


@pytest.mark.parametrize("minutes", [-14, 0, 14])
def test_a_date_inside_the_window_is_accepted(minutes):
    client = build_client()
    client.preset_headers = {"X-Sdk-Date": sdk_date(timedelta(minutes=minutes))}
    assert list_secrets(client).status_code == 200


def test_a_security_token_on_a_permanent_key_is_refused():
    credentials = BasicCredentials(AK, SK, PROJECT_ID).with_security_token("left over")
    error = refusal(list_secrets, build_client(credentials))
    assert (error.status_code, error.error_code) == (401, "APIGW.0301")
    assert "decrypt token fail" in error.error_msg


def test_a_foreign_project_is_403():
    error = refusal(list_secrets, build_client(BasicCredentials(AK, SK, "f" * 32)))
    assert (error.status_code, error.error_code) == (403, "APIGW.0302")


def test_a_client_without_a_project_id_is_told_so():
    error = refusal(list_secrets, build_client(BasicCredentials(AK, SK)))
    assert (error.status_code, error.error_code) == (400, "CSMS.0002")
    assert "project_id" in error.error_msg and "without a project id" in error.error_msg


def test_the_project_is_looked_up_by_the_regions_name():
    credentials = BasicCredentials(AK, SK).with_iam_endpoint(ENDPOINT)
    client = CsmsClient.new_builder().with_credentials(credentials).with_region(Region(REGION, ENDPOINT)).build()
    assert client.get_credentials().project_id == PROJECT_ID
    assert list_secrets(client).status_code == 200


def test_the_iam_endpoint_may_come_from_the_environment(monkeypatch):
    monkeypatch.setenv("HUAWEICLOUD_SDK_IAM_ENDPOINT", ENDPOINT)
    client = CsmsClient.new_builder().with_credentials(BasicCredentials(AK, SK)).with_region(Region(REGION, ENDPOINT)).build()
    assert client.get_credentials().project_id == PROJECT_ID


def test_a_program_that_only_takes_a_region_is_pointed_here_by_the_environment(monkeypatch):
    monkeypatch.setenv(f"HUAWEICLOUD_SDK_REGION_CSMS_{REGION.upper().replace('-', '_')}", ENDPOINT)
    monkeypatch.setenv("HUAWEICLOUD_SDK_IAM_ENDPOINT", ENDPOINT)
    client = CsmsClient.new_builder().with_credentials(BasicCredentials(AK, SK)).with_region(CsmsRegion.value_of(REGION)).build()
    assert list_secrets(client).status_code == 200


def test_a_region_that_is_no_project_is_explained_by_the_sdk():
    credentials = BasicCredentials(AK, SK).with_iam_endpoint(ENDPOINT)
    builder = CsmsClient.new_builder().with_credentials(credentials).with_region(Region("nowhere-1", ENDPOINT))
    with pytest.raises(SdkException, match="Confirm that the project exists"):
        builder.build()


def test_the_look_up_with_a_wrong_key_fails_as_a_401():
    credentials = BasicCredentials(AK, "wrong").with_iam_endpoint(ENDPOINT)
    builder = CsmsClient.new_builder().with_credentials(credentials).with_region(Region(REGION, ENDPOINT))
    with pytest.raises(SdkException, match="APIGW.0301"):
        builder.build()


def test_the_domain_is_looked_up(client):
    credentials = GlobalCredentials(AK, SK).with_iam_endpoint(ENDPOINT)
    credentials.process_auth_params(client.get_http_client(), REGION)
    assert credentials.domain_id == DOMAIN_ID


def test_the_asynchronous_client_works():
    client = CsmsAsyncClient.new_builder().with_credentials(BasicCredentials(AK, SK, PROJECT_ID)).with_endpoint(ENDPOINT).build()
    waiting = [client.list_secrets_async(csms.ListSecretsRequest()) for _ in range(20)]
    assert [future.result().status_code for future in waiting] == [200] * 20


def derived(region=REGION, sk=SK):
    """V11-HMAC-SHA256, chosen by the SDK's own predicate because the host is none of the vendor's."""
    credentials = BasicCredentials(AK, sk, PROJECT_ID)
    credentials.with_derived_predicate(Credentials.get_default_derived_predicate())
    builder = CsmsClient.new_builder().with_credentials(credentials).with_region(Region(region, ENDPOINT))
    # The name that the builders of other services set; this release's CsmsClient leaves it out.
    return builder._with_derived_auth_service_name("csms").build()


def signing_with(algorithm):
    return lambda sk=SK: build_client(BasicCredentials(AK, sk, PROJECT_ID), algorithm)


CLIENTS = {
    "SDK-HMAC-SHA256": signing_with(SigningAlgorithm.HMAC_SHA256),
    "SDK-HMAC-SM3": signing_with(SigningAlgorithm.HMAC_SM3),
    "SDK-ECDSA-P256-SHA256": signing_with(SigningAlgorithm.ECDSA_P256_SHA256),
    "V11-HMAC-SHA256": lambda sk=SK: derived(sk=sk),
}


def scheme_of(client):
    """The scheme of the Authorization header that the client sends."""
    request = client.build_future_request(
        "GET", "/v1/{project_id}/secrets", {}, [], {}, None, None, None, None, {}, None
    ).result()
    return request.header_params["Authorization"].split(" ")[0]


@pytest.mark.parametrize("scheme", CLIENTS)
def test_every_algorithm_goes_through_a_whole_flow(scheme):
    client = CLIENTS[scheme]()
    assert scheme_of(client) == scheme
    name = new_name()
    create(client, name, secret_string="凭据 🔑", description="naïve")
    assert show(client, name).description == "naïve"
    assert update(client, name, description="").description == ""
    assert add_version(client, name, secret_string="two").id == "v2"
    assert show_version(client, name, "v1").secret_string == "凭据 🔑"
    assert set_expiry(client, name, "v1", 1_696_838_472_000).expire_time == 1_696_838_472_000
    assert put_stage(client, name, "blue", "v1").version_id == "v1"
    assert list_secrets(client, limit="1000", marker=name[:-1]).page_info.current_count >= 1
    schedule(client, name, 7)
    assert restore(client, name).state == "ENABLED"
    delete(client, name)


@pytest.mark.parametrize("scheme", CLIENTS)
def test_every_algorithm_refuses_a_wrong_key(scheme):
    assert refused_with(list_secrets, CLIENTS[scheme](sk="wrong")) == (401, "APIGW.0301")


def test_the_derived_algorithm_takes_any_region():
    assert list_secrets(derived(region="cn-north-4")).status_code == 200


def test_sm2_is_refused_with_a_clear_message():
    error = refusal(list_secrets, build_client(algorithm=SigningAlgorithm.SM2_SM3))
    assert (error.status_code, error.error_code) == (401, "APIGW.0305")
    assert "SDK-SM2-SM3" in error.error_msg
