"""Three users of one project: what may not be done is refused by the SDK's own exception, and lists show what may be seen."""

import os

import pytest
import requests
from huaweicloudsdkcore.auth.credentials import BasicCredentials
from huaweicloudsdkcsms import v1 as csms
from huaweicloudsdkcsms.v1.csms_client import CsmsClient

from support import *

ENDPOINT = os.environ["USERS_ENDPOINT"]
PROJECT_ID = "1" * 32
MESSAGE = "The user role has no permission to access the interface. User: iam::0123456789abcdef0123456789abcdef:user:"
LIST_AND_SHOP = {
    "Version": "5.0",
    "Statement": [
        {"Effect": "Allow", "Action": ["csms:secret:list"]},
        {"Effect": "Allow", "Action": ["csms:secret:get"], "Resource": ["csms:*:*:secretName:shop-*"]},
    ],
}


def client_of(credentials):
    return CsmsClient.new_builder().with_credentials(credentials).with_endpoint(ENDPOINT).build()


def credentials_of(user):
    return BasicCredentials(f"AK1{user.upper()}", f"secret-key-of-the-{user}-in-tests", PROJECT_ID)


OWNER, PARTNER, STRANGER = (client_of(credentials_of(user)) for user in ("owner", "partner", "stranger"))


@pytest.fixture(scope="module", autouse=True)
def secrets():
    """One that the partner may use by its name, one that it may read by its tag, and one that is not for it."""
    create(OWNER, "shop-db")
    tag = csms.CreateSecretTagRequestBody(tag=csms.TagItem(key="team", value="shop"))
    secret_id = create(OWNER, "ledger").id
    OWNER.create_secret_tag(csms.CreateSecretTagRequest(secret_id=secret_id, body=tag))
    create(OWNER, "payments-db")
    yield
    for name in ("shop-db", "ledger", "payments-db"):
        delete(OWNER, name)


def names_in(client, **query):
    page = list_secrets(client, **query)
    assert page.page_info.current_count == len(page.secrets)
    return sorted(secret.name for secret in page.secrets)


def test_the_owner_may_do_everything():
    assert names_in(OWNER) == ["ledger", "payments-db", "shop-db"]
    assert show_version(OWNER, "payments-db").secret_string == "initial"
    assert add_version(OWNER, "payments-db").id == "v2"


@pytest.mark.parametrize(
    ("call", "arguments", "action"),
    [
        (list_secrets, [], "list"),
        (show, ["shop-db"], "get"),
        (show, ["no-such"], "get"),
        (show_version, ["shop-db"], "getVersion"),
        (create, ["of-a-stranger"], "create"),
        (delete, ["shop-db"], "delete"),
    ],
)
def test_the_stranger_may_do_nothing(call, arguments, action):
    error = refusal(call, STRANGER, *arguments)
    assert (error.status_code, error.error_code) == (403, "CSMS.0302")
    assert error.error_msg.startswith(f"{MESSAGE}stranger is not authorized to perform: csms:secret:{action} on resource: ")
    assert error.error_msg.endswith(f"because no identity-based policy allows the csms:secret:{action} action")


def test_the_partner_may_use_what_has_its_name():
    assert show_version(PARTNER, "shop-db").secret_string == "initial"
    create(PARTNER, "shop-new")
    assert add_version(PARTNER, "shop-new").id == "v2"
    delete(PARTNER, "shop-new")
    for call, name in [(show_version, "payments-db"), (add_version, "ledger"), (create, "payments-new"), (show, "none")]:
        assert refused_with(call, PARTNER, name) == (403, "CSMS.0302")
    assert refused_with(show, PARTNER, "shop-none") == (404, "CSMS.0106")


def test_the_partner_may_read_what_has_its_tag():
    assert show(PARTNER, "ledger").name == "ledger"
    assert show_version(PARTNER, "ledger").secret_string == "initial"


def test_a_deny_is_told_as_such():
    error = refusal(schedule, PARTNER, "shop-db", 7)
    assert (error.status_code, error.error_code) == (403, "CSMS.0302")
    assert error.error_msg.endswith("secretName:shop-db with an explicit deny in an identity-based policy")


def test_the_partner_lists_what_it_may_see():
    assert names_in(PARTNER) == ["shop-db"]
    assert names_in(PARTNER, limit="1") == ["shop-db"]


def temporary_key(**policy):
    user = {"name": "owner", "password": "Password-of-the-0wner", "domain": {"name": "acme"}}
    identity = {"methods": ["password"], "password": {"user": user}}
    login = {"auth": {"identity": identity, "scope": {"project": {"id": PROJECT_ID}}}}
    token = requests.post(f"{ENDPOINT}/v3/auth/tokens", json=login, timeout=30).headers["X-Subject-Token"]
    given = {"methods": ["token"], "token": {"id": token, "duration_seconds": 900}, **policy}
    answer = requests.post(
        f"{ENDPOINT}/v3.0/OS-CREDENTIAL/securitytokens", json={"auth": {"identity": given}}, timeout=30
    )
    return answer.json()["credential"]


def test_a_temporary_key_may_do_no_more_than_its_policy():
    key = temporary_key(policy=LIST_AND_SHOP)
    credentials = BasicCredentials(key["access"], key["secret"], PROJECT_ID)
    client = client_of(credentials.with_security_token(key["securitytoken"]))
    assert names_in(client) == ["ledger", "payments-db", "shop-db"]
    assert show(client, "shop-db").name == "shop-db"
    for call, name in [(show, "ledger"), (show_version, "shop-db"), (create, "shop-more")]:
        assert refused_with(call, client, name) == (403, "CSMS.0302")
