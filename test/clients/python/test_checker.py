"""The switch that checks the strength of new values, and the check itself."""

import pytest
from huaweicloudsdkcsms import v1 as csms

from support import add_version, create, refused_with


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


def test_weak_values_are_refused_while_it_is_on(client, name):
    set_config(client, True)
    assert refused_with(create, client, secret_string="password1") == (400, "CSMS.0002")
    assert refused_with(add_version, client, name, secret_string="password1") == (400, "CSMS.0002")
    assert add_version(client, name, secret_string="kX9!vP2#qL7@wZ4$mN8%").id == "v2"
    # Bytes are keys and files, and are not judged.
    assert add_version(client, name, secret_binary="AAEC").id == "v3"
