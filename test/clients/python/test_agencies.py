"""Agencies, which a self-hosted server does not need, and templates of rotation functions."""

import pytest
from huaweicloudsdkcsms import v1 as csms

from support import refused_with

TYPES = ["RDS-FG", "GaussDB-FG"]
SUB_TYPES = ["SingleUser", "MultiUser"]
ENGINES = ["mysql", "postgresql", "sqlserver"]


def create_agency(client, secret_type):
    body = csms.CreateAgencyRequestBody(secret_type=secret_type)
    return client.create_agency(csms.CreateAgencyRequest(body=body)).agencies


def show_agency(client, secret_type):
    return client.show_agency(csms.ShowAgencyRequest(secret_type=secret_type)).agency_granted


def show_template(client, secret_type, secret_sub_type, engine=None):
    request = csms.ShowSecretFunctionTemplatesRequest(
        secret_type=secret_type, secret_sub_type=secret_sub_type, engine=engine
    )
    return client.show_secret_function_templates(request).function_templates


@pytest.mark.parametrize("secret_type", TYPES)
def test_agencies_have_name_and_id(client, secret_type):
    agencies = create_agency(client, secret_type)
    assert agencies
    for agency in agencies:
        assert agency.agency_name and agency.agency_id
        assert agency.error_msg is None


@pytest.mark.parametrize("secret_type", TYPES)
def test_agencies_are_granted(client, secret_type):
    assert show_agency(client, secret_type) == "true"


def test_each_kind_of_rds_has_a_template_of_its_own(client):
    texts = {show_template(client, "RDS-FG", sub_type, engine) for sub_type in SUB_TYPES for engine in ENGINES}
    assert len(texts) == len(SUB_TYPES) * len(ENGINES)
    assert all(len(text) > 100 for text in texts)


@pytest.mark.parametrize("sub_type", SUB_TYPES)
def test_gaussdb_has_a_template_without_an_engine(client, sub_type):
    assert len(show_template(client, "GaussDB-FG", sub_type)) > 100
    assert refused_with(show_template, client, "GaussDB-FG", sub_type, "mysql") == (400, "CSMS.0002")
