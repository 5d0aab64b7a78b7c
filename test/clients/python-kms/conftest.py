import pytest
from huaweicloudsdkkms.v2.kms_client import KmsClient

from support import build, create_key, new_alias, purge_later


@pytest.fixture(scope="session")
def client():
    return build(KmsClient)


@pytest.fixture
def key_id(client):
    """An enabled key, which is scheduled for deletion after the test."""
    made = create_key(client, new_alias())
    yield made
    purge_later(client, made)
