"""Generated passwords."""

import string

import pytest
from huaweicloudsdkcsms import v1 as csms


KINDS = {
    "exclude_lowercase": string.ascii_lowercase,
    "exclude_uppercase": string.ascii_uppercase,
    "exclude_numbers": string.digits,
    "exclude_punctuation": string.punctuation,
}
ALL = "".join(KINDS.values())


def generate(client, **options):
    body = csms.CreatePasswordRequestBody(**options)
    return client.generate_random_password(csms.GenerateRandomPasswordRequest(body=body)).password


def test_without_a_body_it_has_32_characters(client):
    password = client.generate_random_password(csms.GenerateRandomPasswordRequest()).password
    assert len(password) == 32
    assert set(password) <= set(ALL)


@pytest.mark.parametrize("kind", KINDS)
def test_a_kind_that_is_excluded_does_not_come(client, kind):
    assert not set(generate(client, length=255, **{kind: True})) & set(KINDS[kind])


def test_a_blank_comes_only_when_it_is_asked_for(client):
    only_blanks = {kind: True for kind in KINDS}
    assert generate(client, length=5, include_space=True, **only_blanks) == " " * 5
    assert " " not in generate(client, length=255)
