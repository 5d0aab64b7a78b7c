"""Temporary access keys: the SDK signs with them and sends their security token by itself."""

import pytest
import requests
from huaweicloudsdkcore.auth.credentials import BasicCredentials

from support import (
    DOMAIN_ID,
    ENDPOINT,
    PASSWORD,
    PROJECT_ID,
    USER_NAME,
    build_client,
    create,
    delete,
    list_secrets,
    new_name,
    refusal,
)

LIST_ONLY = {"Version": "5.0", "Statement": [{"Effect": "Allow", "Action": ["csms:secret:list"]}]}


def token_of(scope):
    user = {"name": USER_NAME, "password": PASSWORD, "domain": {"id": DOMAIN_ID}}
    body = {"auth": {"identity": {"methods": ["password"], "password": {"user": user}}, "scope": scope}}
    answer = requests.post(f"{ENDPOINT}/v3/auth/tokens", json=body, timeout=30)
    return answer.headers["X-Subject-Token"]


def temporary_key(scope=None, **identity):
    token = {"id": token_of(scope or {"project": {"id": PROJECT_ID}}), "duration_seconds": 900}
    body = {"auth": {"identity": {"methods": ["token"], "token": token, **identity}}}
    answer = requests.post(f"{ENDPOINT}/v3.0/OS-CREDENTIAL/securitytokens", json=body, timeout=30)
    assert answer.status_code == 201
    return answer.json()["credential"]


def client_of(key, security_token=None):
    credentials = BasicCredentials(key["access"], key["secret"], PROJECT_ID)
    return build_client(credentials.with_security_token(security_token or key["securitytoken"]))


@pytest.mark.parametrize("scope", [{"project": {"id": PROJECT_ID}}, {"domain": {"id": DOMAIN_ID}}])
def test_they_read_and_write(scope):
    client = client_of(temporary_key(scope))
    name = new_name()
    create(client, name)
    assert list_secrets(client).status_code == 200
    delete(client, name)


def test_a_policy_narrows_them():
    client = client_of(temporary_key(policy=LIST_ONLY))
    assert list_secrets(client).status_code == 200
    error = refusal(create, client)
    assert (error.status_code, error.error_code) == (403, "CSMS.0302")


def test_another_security_token_is_refused():
    key, other = temporary_key(), temporary_key()
    error = refusal(list_secrets, client_of(key, other["securitytoken"]))
    assert (error.status_code, error.error_code) == (401, "APIGW.0301")
    assert error.error_msg.endswith("decrypt token fail")


def test_without_a_security_token_the_key_is_unknown():
    key = temporary_key()
    error = refusal(list_secrets, build_client(BasicCredentials(key["access"], key["secret"], PROJECT_ID)))
    assert (error.status_code, error.error_code) == (401, "APIGW.0301")
    assert "ak not exist" in error.error_msg
