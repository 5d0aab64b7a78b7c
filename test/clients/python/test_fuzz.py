"""Random requests, signed by the SDK's own signers and sent exactly as signed: none is refused for its signature.
The same requests with one thing changed after signing: each is."""

import os
import random
from collections import Counter
from urllib.parse import quote

import pytest
from huaweicloudsdkcore.auth.credentials import BasicCredentials
from huaweicloudsdkcore.sdk_request import SdkRequest
from huaweicloudsdkcore.signer.signer import DerivationAKSKSigner, P256SHA256Signer, Signer, SM3Signer

from raw_http import RawConnection
from support import AK, ENDPOINT, PROJECT_ID, REGION, SK

REQUESTS = 2_000
MUTATED = 2_000
SEED = int(os.environ.get("FUZZ_SEED", "0")) or random.SystemRandom().randrange(1, 2**32)

# What signers and servers disagree about first, with a few of everything else.
ALPHABETS = [
    "abcXYZ019-_.~",
    " !\"#$%&'()*+,:;<=>?@[\\]^`{|}/",
    "\t\n\r\x00\x1f\x7f",
    "äé§ßñ\u0085\u00a0\u00ff",
    "凭据Ωж\u2028\ufeff\ufffd\uffff",
    "🔑🏳\U0001f9ff\U0010ffff",
]
HEADER_CHARACTERS = "abcXYZ019 \t!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~äé凭🔑"
SECRETS = f"/v1/{PROJECT_ID}/secrets"
# Where a request is authenticated before anything else; a method that a path does not have is refused without it.
ROUTES = [
    (SECRETS, ["GET", "POST"]),
    (SECRETS + "/*", ["GET", "PUT", "DELETE"]),
    (SECRETS + "/*/versions", ["GET", "POST"]),
    (SECRETS + "/*/versions/*", ["GET", "PUT"]),
    (SECRETS + "/*/stages", ["POST"]),
    (SECRETS + "/*/stages/*", ["GET", "PUT", "DELETE"]),
    (SECRETS + "/*/scheduled-deleted-tasks/create", ["POST"]),
    (SECRETS + "/*/scheduled-deleted-tasks/cancel", ["POST"]),
    ("/v3/projects", ["GET"]),
    ("/v3/auth/domains", ["GET"]),
]


def text(rng, longest):
    return "".join(rng.choice(rng.choice(ALPHABETS)) for _ in range(rng.randrange(longest + 1)))


def segment(rng):
    """One segment of a path, encoded as the SDK's client does. No slash: its signer would split there."""
    return quote(text(rng, 24).replace("/", "") or "x", safe="")


def query(rng):
    """Names and values; a repeated name has a list, as in the SDK."""
    pairs = {}
    for _ in range(rng.randrange(6)):
        value = rng.choice([text(rng, 24), rng.randrange(10**6), rng.random() < 0.5, [text(rng, 6) for _ in range(3)]])
        pairs[rng.choice([text(rng, 12), "limit", "marker", "name"])] = value
    return list(pairs.items())


def headers(rng, host):
    chosen = {"Host": host, "User-Agent": "fuzz/1"}
    if rng.random() < 0.7:
        chosen["Content-Type"] = rng.choice(["application/json", "application/json;charset=utf-8"])
    if rng.random() < 0.7:
        chosen["X-Project-Id"] = PROJECT_ID
    for _ in range(rng.randrange(5)):
        name = "X-" + "".join(rng.choice("abcXYZ019-") for _ in range(rng.randrange(1, 12)))
        if name.lower() not in {present.lower() for present in chosen}:
            chosen[name] = "".join(rng.choice(HEADER_CHARACTERS) for _ in range(rng.randrange(20)))
    names = list(chosen)
    rng.shuffle(names)
    return {name: chosen[name] for name in names}


def body(rng):
    kind = rng.random()
    if kind < 0.3:
        return b""
    if kind < 0.6:
        return b'{"secret_string": "\\ud83d\\udd11", "name": ' + str(rng.random()).encode() + b"}\n"
    return rng.randbytes(rng.randrange(1, 300))


def sign(rng, request):
    credentials = BasicCredentials(AK, SK, PROJECT_ID)
    # P-256 in pure Python takes a hundred times as long as the others.
    signer = rng.choices([Signer, SM3Signer, DerivationAKSKSigner, P256SHA256Signer], [60, 20, 18, 2])[0](credentials)
    if isinstance(signer, DerivationAKSKSigner):
        return signer.sign(request, "csms", REGION)
    return signer.sign(request)


def signed_request(rng, host):
    route, methods = rng.choice(ROUTES)
    path = "".join(segment(rng) if part == "*" else part for part in route.replace("*", "\0*\0").split("\0"))
    request = SdkRequest(
        method=rng.choice(methods),
        schema="http",
        host=host,
        resource_path=path,
        query_params=query(rng),
        header_params=headers(rng, host),
        body=body(rng),
    )
    signed = sign(rng, request)
    return signed.method, signed.uri, list(signed.header_params.items()), signed.body, methods


def reordered(rng, target):
    """The same query in another order and with more escapes than needed: canonically equal, so it must verify too."""
    path, mark, text_of_query = target.partition("?")
    parts = text_of_query.split("&")
    rng.shuffle(parts)
    return path + mark + "&".join(part.replace("~", "%7E").replace("-", "%2d") for part in parts)


@pytest.fixture
def connection():
    raw = RawConnection(ENDPOINT)
    yield raw
    raw.close()


def test_what_the_sdk_signs_is_never_refused_for_its_signature(connection):
    rng = random.Random(SEED)
    statuses = Counter()
    for number in range(REQUESTS):
        method, target, sent, content, _ = signed_request(rng, connection.host)
        for wire_target in {target, reordered(rng, target)}:
            status, answer = connection.send(method, wire_target, sent, content)
            statuses[status] += 1
            assert status != 401 and status < 500, (SEED, number, method, wire_target, sent, content, answer)
    print(f"seed {SEED}, answers by status: {dict(statuses)}")
    assert statuses[200] > 0


def other(rng, character, alphabet):
    return rng.choice([candidate for candidate in alphabet if candidate != character])


def change_signature(rng, request):
    """One hex digit of the signature, which is at the end of the header."""
    index = next(place for place, (name, _) in enumerate(request["headers"]) if name == "Authorization")
    name, value = request["headers"][index]
    place = value.index("Signature=") + len("Signature=")
    place = rng.randrange(place, len(value))
    request["headers"][index] = (name, value[:place] + other(rng, value[place], "0123456789abcdef") + value[place + 1 :])


def change_header(rng, request):
    signed = [place for place, (name, _) in enumerate(request["headers"]) if name not in ("Authorization", "Content-Type", "Host")]
    index = rng.choice(signed)
    name, value = request["headers"][index]
    request["headers"][index] = (name, value + "x")


def change_host(_rng, request):
    # Another one that the server answers to: a foreign one it would refuse before it looks at the signature.
    request["headers"] = [
        (name, value.replace("127.0.0.1", "127.0.0.2") if name == "Host" else value)
        for name, value in request["headers"]
    ]


def drop_header(rng, request):
    droppable = [name for name, _ in request["headers"] if name.startswith(("X-", "User-Agent", "Content-Type"))]
    dropped = rng.choice(droppable)
    request["headers"] = [(name, value) for name, value in request["headers"] if name != dropped]


def change_query(rng, request):
    addition = rng.choice(["added=1", "limit=1", "=", "%20"])
    request["target"] += ("&" if "?" in request["target"] else "?") + addition


def change_path(_rng, request):
    path, mark, rest = request["target"].partition("?")
    if path.startswith("/v3/"):
        return change_query(_rng, request)
    swapped = path.replace(PROJECT_ID, PROJECT_ID[::-1], 1)
    request["target"] = swapped + mark + rest


def change_method(rng, request):
    others = [method for method in request["methods"] if method != request["method"]]
    if not others:
        return change_query(rng, request)
    request["method"] = rng.choice(others)


def change_body(rng, request):
    if not request["body"]:
        request["body"] = b"{}"
        return
    content = bytearray(request["body"])
    content[rng.randrange(len(content))] ^= 1 << rng.randrange(8)
    request["body"] = bytes(content)


MUTATIONS = [change_signature, change_header, change_host, drop_header, change_query, change_path, change_method, change_body]


def test_what_is_changed_after_signing_is_always_refused(connection):
    rng = random.Random(SEED + 1)
    for number in range(MUTATED):
        method, target, sent, content, methods = signed_request(rng, connection.host)
        request = {"method": method, "target": target, "headers": sent, "body": content, "methods": methods}
        mutation = MUTATIONS[number % len(MUTATIONS)]
        mutation(rng, request)
        status, answer = connection.send(request["method"], request["target"], request["headers"], request["body"])
        assert status == 401, (SEED, number, mutation.__name__, request, status, answer)
