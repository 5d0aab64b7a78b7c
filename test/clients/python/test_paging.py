"""Loops over pages, as programs write them."""

import pytest

from support import add_version, build_client, create, delete, list_secrets, list_versions, new_name

COUNT = 27
PREFIX = new_name("page")


@pytest.fixture(scope="module")
def names():
    client = build_client()
    made = [f"{PREFIX}-{index:02d}" for index in range(COUNT)]
    for made_name in reversed(made):
        create(client, made_name)
    yield made
    for made_name in made:
        delete(client, made_name)


def walk_secrets(client, limit):
    """Follows next_marker until it is absent, as dapr does."""
    pages, marker = [], PREFIX
    while marker is not None:
        page = list_secrets(client, limit=limit, marker=marker)
        pages.append(page)
        marker = page.page_info.next_marker
        assert len(pages) < 100
    return pages


@pytest.mark.parametrize("limit", ["1", "7", "9", "26", "27", "28"])
def test_every_secret_comes_once_and_in_order(client, names, limit):
    found = [secret.name for page in walk_secrets(client, limit) for secret in page.secrets]
    assert [name for name in found if name.startswith(PREFIX)] == names


def test_a_loop_until_an_empty_page_ends(client, names):
    # Terraform's pager: the marker is the name of the last secret, until a page is empty.
    found, marker = [], PREFIX
    while True:
        secrets = list_secrets(client, limit="10", marker=marker).secrets
        if not secrets:
            break
        found += [secret.name for secret in secrets]
        marker = found[-1]
    assert [name for name in found if name.startswith(PREFIX)] == names


def test_versions_come_once_and_by_number(client, name):
    for _ in range(14):
        add_version(client, name)
    found, marker = [], None
    while True:
        page = list_versions(client, name, limit=4, marker=marker)
        found += [metadata.id for metadata in page.version_metadatas]
        marker = page.page_info.next_marker
        if marker is None:
            break
    assert found == [f"v{number}" for number in range(1, 16)]
