"""Data, data keys and random numbers."""

import base64
import hashlib
import os

import pytest
from huaweicloudsdkkms import v2 as kms

from support import HEX, fields_of, refused_with

AAD = "123aad"


def encrypt_data(client, key_id, plain_text, **fields):
    body = kms.EncryptDataRequestBody(key_id=key_id, plain_text=plain_text, **fields)
    return client.encrypt_data(kms.EncryptDataRequest(body=body))


def decrypt_data(client, cipher_text, **fields):
    body = kms.DecryptDataRequestBody(cipher_text=cipher_text, **fields)
    return client.decrypt_data(kms.DecryptDataRequest(body=body))


def create_datakey(client, key_id, **fields):
    body = kms.CreateDatakeyRequestBody(key_id=key_id, **fields)
    return client.create_datakey(kms.CreateDatakeyRequest(body=body))


def encrypt_datakey(client, key_id, plain_text, length, **fields):
    body = kms.EncryptDatakeyRequestBody(
        key_id=key_id, plain_text=plain_text, datakey_plain_length=length, **fields
    )
    return client.encrypt_datakey(kms.EncryptDatakeyRequest(body=body))


def decrypt_datakey(client, key_id, cipher_text, length, **fields):
    body = kms.DecryptDatakeyRequestBody(
        key_id=key_id, cipher_text=cipher_text, datakey_cipher_length=length, **fields
    )
    return client.decrypt_datakey(kms.DecryptDatakeyRequest(body=body))


@pytest.mark.parametrize("text", ["x", "hello world", "für 漢 🔑", "x" * 4096])
def test_data_comes_back(client, key_id, text):
    sealed = encrypt_data(client, key_id, text, additional_authenticated_data=AAD)
    assert sealed.key_id == key_id
    assert 128 <= len(sealed.cipher_text) <= 5648
    opened = decrypt_data(client, sealed.cipher_text, additional_authenticated_data=AAD)
    assert fields_of(opened) == {
        "key_id": key_id,
        "plain_text": text,
        "plain_text_base64": base64.b64encode(text.encode()).decode(),
    }
    assert refused_with(decrypt_data, client, sealed.cipher_text) == (400, "KMS.2201")
    changed = ("B" if sealed.cipher_text[0] == "A" else "A") + sealed.cipher_text[1:]
    assert refused_with(decrypt_data, client, changed, additional_authenticated_data=AAD) == (400, "KMS.2201")


def test_envelope_encryption_as_a_program_does_it(client, key_id):
    made = create_datakey(client, key_id, datakey_length="512", additional_authenticated_data=AAD)
    assert made.key_id == key_id
    assert HEX.fullmatch(made.plain_text)
    assert len(made.plain_text) == 128
    assert HEX.fullmatch(made.cipher_text)
    opened = decrypt_datakey(client, key_id, made.cipher_text, "64", additional_authenticated_data=AAD)
    assert fields_of(opened) == {
        "data_key": made.plain_text,
        "datakey_length": "64",
        "datakey_dgst": hashlib.sha256(bytes.fromhex(made.plain_text)).hexdigest().upper(),
    }
    assert refused_with(decrypt_datakey, client, key_id, made.cipher_text, "64") == (400, "KMS.2201")


def test_a_data_key_is_made_without_being_shown(client, key_id):
    body = kms.CreateDatakeyRequestBody(key_id=key_id, datakey_length="256")
    request = kms.CreateDatakeyWithoutPlaintextRequest(body=body)
    made = client.create_datakey_without_plaintext(request)
    assert made.key_id == key_id
    assert len(decrypt_datakey(client, key_id, made.cipher_text, "32").data_key) == 64


def test_a_data_key_of_the_callers_own(client, key_id):
    dek = os.urandom(64)
    plain_text = (dek + hashlib.sha256(dek).digest()).hex()
    sealed = encrypt_datakey(client, key_id, plain_text, "64")
    assert (sealed.key_id, sealed.datakey_length) == (key_id, "64")
    assert decrypt_datakey(client, key_id, sealed.cipher_text, "64").data_key == dek.hex().upper()
    assert refused_with(encrypt_datakey, client, key_id, plain_text, "63") == (400, "KMS.2104")
    wrong_hash = (dek + bytes(32)).hex()
    assert refused_with(encrypt_datakey, client, key_id, wrong_hash, "64") == (400, "KMS.2103")
    assert refused_with(encrypt_datakey, client, key_id, "xyz", "64") == (400, "KMS.2101")
    assert refused_with(decrypt_datakey, client, key_id, sealed.cipher_text, "32") == (400, "KMS.2204")


def test_random_numbers(client):
    def random(bits):
        body = kms.GenRandomRequestBody(random_data_length=bits)
        return client.create_random(kms.CreateRandomRequest(body=body)).random_data

    assert HEX.fullmatch(random("512"))
    assert len(random("512")) == 128
    assert random("512") != random("512")
    assert refused_with(random, "8200") == (400, "KMS.1801")
    assert refused_with(random, "9") == (400, "KMS.1802")
