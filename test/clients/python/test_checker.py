"""The switch that checks the strength of new values, and the check itself."""

import pytest
from huaweicloudsdkcsms import v1 as csms


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


def check(client, data, check_type="1"):
    body = csms.CheckSecretsRequestBody(type=check_type, data=data)
    return client.check_secrets(csms.CheckSecretsRequest(body=body))


def test_a_check_rates_each_value(client):
    answer = check(client, {"weak": "123456", "strong": "kX9!vP2#qL7@wZ4$mN8%", "empty": ""})
    assert answer.type == "1"
    assert sorted(answer.data) == ["empty", "strong", "weak"]
    assert answer.data["weak"]["strength"] == "weak" and answer.data["weak"]["reasons"]
    assert answer.data["strong"] == {"strength": "strong", "reasons": []}
    assert answer.data["empty"]["strength"] == "weak"
