"""Fifty workers, each with a world of its own and an ordinary client: none sees what another does."""

import json
import os
import threading
import urllib.request
from concurrent.futures import ThreadPoolExecutor

from huaweicloudsdkcore.auth.credentials import BasicCredentials

from support import *

WORKERS = 50
ROUNDS = 4
CONTROL_TOKEN = os.environ["CSMS_CONTROL_TOKEN"]


def control(method, path="", body=None):
    request = urllib.request.Request(
        f"{ENDPOINT}/_csms/worlds{path}",
        data=None if body is None else json.dumps(body).encode(),
        method=method,
        headers={"Authorization": f"Bearer {CONTROL_TOKEN}"},
    )
    with urllib.request.urlopen(request) as response:
        return json.loads(response.read() or "null")


def names_in(client):
    return sorted(secret.name for secret in list_secrets(client, limit="100").secrets)


def test_fifty_workers_do_not_see_each_other(client):
    name = new_name("shared")
    secret_id = create(client, name, secret_string="of main").id
    before = names_in(client)
    together = threading.Barrier(WORKERS)

    def work(number):
        world = control("POST", body={"name": f"py{number}"})
        given = world["credentials"]
        assert given["endpoint"] == ENDPOINT
        own = build_client(BasicCredentials(given["ak"], given["sk"], given["project_id"]))
        together.wait()
        for round_number in range(ROUNDS):
            value = f"{number}/{round_number}"
            add_version(own, name, secret_string=value)
            create(own, f"own-{round_number}", secret_string=value)
            assert show_version(own, name).secret_string == value
            assert show_version(own, f"own-{round_number}").secret_string == value
        assert show(own, name).id == secret_id
        assert len(list_versions(own, name).version_metadatas) == ROUNDS + 1
        assert names_in(own) == sorted(before + [f"own-{number}" for number in range(ROUNDS)])
        control("POST", f"/py{number}/reset")
        assert show_version(own, name).secret_string == "of main"
        assert names_in(own) == before
        control("DELETE", f"/py{number}")
        assert refused_with(show, own, name)[0] == 401
        return given["ak"]

    with ThreadPoolExecutor(WORKERS) as workers:
        keys = list(workers.map(work, range(WORKERS)))
    assert len(set(keys)) == WORKERS
    assert names_in(client) == before
    assert show_version(client, name).secret_string == "of main"
    assert [world["name"] for world in control("GET")["worlds"]] == ["main"]
    delete(client, name)
