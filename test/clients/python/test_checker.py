"""The switch that checks the strength of new values, and the check itself."""

import pytest
from huaweicloudsdkcsms import v1 as csms

from support import refused_with


def show_config(client):
    return client.show_secrets_config(csms.ShowSecretsConfigRequest()).checking_secret_strength


def set_config(client, on):
    body = csms.UpdateSecretsConfigRequestBody(checking_secret_strength=on)
    return client.update_secrets_config(csms.UpdateSecretsConfigRequest(body=body)).checking_secret_strength


@pytest.fixture(autouse=True)
def switched_off_again(client):
    yield
    set_config(client, False)


def test_it_is_off_at_first(client):
    assert show_config(client) is False


@pytest.mark.parametrize("states", [[True], [True, True], [True, False, True]], ids=str)
def test_it_stays_as_it_was_set(client, states):
    for state in states:
        assert set_config(client, state) is state
        assert show_config(client) is state


@pytest.mark.parametrize("state", ["true", 1, [], {}])
def test_anything_but_a_boolean_is_refused(client, state):
    assert refused_with(set_config, client, state) == (400, "CSMS.0002")
    assert show_config(client) is False
