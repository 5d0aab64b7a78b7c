"""Backup of one secret as a blob, and its way back."""

from huaweicloudsdkcsms import v1 as csms

from support import add_version, delete, fields_of, list_versions, put_stage, set_expiry, show, show_version


def download(client, name):
    return client.download_secret_blob(csms.DownloadSecretBlobRequest(secret_name=name)).secret_blob


def upload(client, blob):
    body = csms.UploadSecretBlobRequestBody(secret_blob=blob)
    return client.upload_secret_blob(csms.UploadSecretBlobRequest(body=body)).secret


def versions_of(client, name):
    return fields_of(list_versions(client, name).version_metadatas)


def test_a_deleted_secret_comes_back_whole(client, name):
    add_version(client, name, secret_string="zwei 🔑\0\x1b")
    add_version(client, name, secret_binary="AAEC/w==", version_stages=["blue"])
    put_stage(client, name, "green", "v1")
    set_expiry(client, name, "v2", 1_696_838_472_000)
    before, versions = fields_of(show(client, name)), versions_of(client, name)
    blob = download(client, name)
    delete(client, name)
    after = fields_of(upload(client, blob))
    assert after == {**before, "update_time": after["update_time"]}
    assert versions_of(client, name) == versions
    assert show_version(client, name, "v1").secret_string == "initial"
    assert show_version(client, name, "latest").secret_string == "zwei 🔑\0\x1b"
    assert show_version(client, name, "v3").secret_binary == "AAEC/w=="
    # Numbers go on where they were.
    assert add_version(client, name).id == "v4"
