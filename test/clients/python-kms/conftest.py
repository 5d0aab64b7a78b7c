import pytest

from support import build_client, build_secrets_client, new_alias, create_key, purge_later


@pytest.fixture(scope="session")
def client():
    return build_client()


@pytest.fixture(scope="session")
def secrets():
    return build_secrets_client()


@pytest.fixture
def key_id(client):
    """An enabled key, which is scheduled for deletion after the test."""
    made = create_key(client, new_alias())
    yield made
    purge_later(client, made)
