"""The unmodified keystoneauth1: clients that log in with a password and find services in the catalogue."""
import os

import pytest
from keystoneauth1 import exceptions, session
from keystoneauth1.identity import v3

ENDPOINT = os.environ["CSMS_ENDPOINT"]
AUTH_URL = f"{ENDPOINT}/v3"
DOMAIN = os.environ["CSMS_DOMAIN"]
PROJECT_ID = os.environ["HUAWEICLOUD_SDK_PROJECT_ID"]
REGION = os.environ["HW_REGION_NAME"]

SCOPES = {
    "project-id": {"project_id": PROJECT_ID},
    "project-name": {"project_name": REGION, "project_domain_name": DOMAIN},
    "domain": {"domain_name": DOMAIN},
    "none": {},
    "unscoped": {"unscoped": True},
}


def by_password(**changed):
    given = {"username": os.environ["CSMS_USER"], "password": os.environ["CSMS_PASSWORD"], "user_domain_name": DOMAIN}
    return session.Session(auth=v3.Password(auth_url=AUTH_URL, **{**given, **changed}))


def by_token(token, **scope):
    return session.Session(auth=v3.Token(auth_url=AUTH_URL, token=token, **scope))


def list_secrets(client):
    return client.get(f"/{PROJECT_ID}/secrets", endpoint_filter={"service_type": "csms"})


@pytest.mark.parametrize("scope", SCOPES.values(), ids=SCOPES)
def test_services_are_found_in_the_catalogue(scope):
    client = by_password(**scope)
    found = {kind: client.get_endpoint(service_type=kind) for kind in ("kms", "csms", "identity", "iam")}
    assert found == {
        "kms": f"{ENDPOINT}/v1.0",
        "csms": f"{ENDPOINT}/v1",
        "identity": f"{ENDPOINT}/v3",
        "iam": f"{ENDPOINT}/v3",
    }


def test_a_project_scoped_client_uses_what_it_found():
    assert list_secrets(by_password(**SCOPES["project-name"])).json()["secrets"] == []


@pytest.mark.parametrize("first", SCOPES.values(), ids=SCOPES)
@pytest.mark.parametrize("second", ["project-id", "project-name"])
def test_a_token_is_exchanged_for_one_of_a_project_and_ends_with_it(first, second):
    held = by_password(**first)
    client = by_token(held.get_token(), **SCOPES[second])
    assert list_secrets(client).status_code == 200
    assert client.get_project_id() == PROJECT_ID
    assert client.auth.get_access(client).expires == held.auth.get_access(held).expires


def test_discovery_answers():
    client = by_password()
    assert client.get(AUTH_URL).json()["version"]["id"].startswith("v3.")
    assert [project["id"] for project in client.get(f"{AUTH_URL}/auth/projects").json()["projects"]] == [PROJECT_ID]
    assert {service["type"] for service in client.get(f"{AUTH_URL}/auth/catalog").json()["catalog"]} >= {"kms", "csms"}


def test_a_wrong_password_and_a_wrong_project_are_told_apart():
    with pytest.raises(exceptions.Unauthorized, match="username or password is wrong"):
        by_password(password="another").get_token()
    with pytest.raises(exceptions.Unauthorized, match="does not reach the project"):
        by_password(project_name="cn-north-4", project_domain_name=DOMAIN).get_token()


def test_a_token_of_one_project_reaches_no_further():
    held = by_password(**SCOPES["project-id"]).get_token()
    with pytest.raises(exceptions.Unauthorized):
        by_token(held).get_token()
