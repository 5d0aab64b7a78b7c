import pytest

from support import build_client, create, delete, new_name


@pytest.fixture(scope="session")
def client():
    return build_client()


@pytest.fixture
def name(client):
    """The name of a secret with one version, which is gone after the test."""
    secret_name = new_name()
    create(client, secret_name)
    yield secret_name
    delete(client, secret_name)
