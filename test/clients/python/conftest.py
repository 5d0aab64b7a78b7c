import pytest

from events import create_event, delete_event
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


@pytest.fixture
def event(client):
    made = create_event(client)
    yield made
    delete_event(client, made.name)


@pytest.fixture
def subscriber(client, event):
    """A secret that subscribes to `event`."""
    secret = create(client, event_subscriptions=[event.name])
    yield secret
    delete(client, secret.name)
