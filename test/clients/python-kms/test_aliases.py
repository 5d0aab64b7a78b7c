"""Further aliases of a key."""

import json

from huaweicloudsdkkms import v2 as kms

from support import DOMAIN_ID, REGION, describe, fields_of, new_alias, refused_with


def create_alias(client, key_id, alias):
    return client.create_alias(kms.CreateAliasRequest(body=kms.CreateAliasRequestBody(key_id=key_id, alias=alias)))


def delete_aliases(client, key_id, *aliases):
    body = kms.DeleteAliasRequestBody(key_id=key_id, aliases=list(aliases))
    return client.delete_alias(kms.DeleteAliasRequest(body=body))


def list_aliases(client, **query):
    """The answer as it came: this SDK takes it for a list, which the service does not send."""
    response = client.list_aliases(kms.ListAliasesRequest(**query))
    return json.loads(response.raw_content)


def test_an_alias_is_added_listed_used_and_taken_away(client, key_id):
    bare, prefixed = new_alias("more"), f"alias/{new_alias('more')}"
    for alias in (bare, prefixed):
        entry = create_alias(client, key_id, alias)
        assert fields_of(entry) == {
            "domain_id": DOMAIN_ID,
            "key_id": key_id,
            "alias": alias,
            "alias_urn": f"kms:{REGION}:{DOMAIN_ID}:alias:{alias.removeprefix('alias/')}",
            "create_time": entry.create_time,
            "update_time": entry.create_time,
        }
        assert describe(client, entry.alias_urn).key_id == key_id
    own = describe(client, key_id).key_alias
    listed = list_aliases(client, key_id=key_id)
    assert [entry["alias"] for entry in listed["aliases"]] == sorted([bare, prefixed, own])
    assert listed["page_info"] == {"current_count": 3, "next_marker": ""}
    first = list_aliases(client, key_id=key_id, limit="2")
    marker = first["page_info"]["next_marker"]
    rest = list_aliases(client, key_id=key_id, limit="2", marker=marker)
    assert len(first["aliases"]) == 2
    assert len(rest["aliases"]) == 1
    assert describe(client, f"alias/{bare}").key_id == key_id
    assert refused_with(create_alias, client, key_id, bare) == (400, "KMS.1104")
    delete_aliases(client, key_id, bare, prefixed)
    assert refused_with(describe, client, f"alias/{bare}") == (404, "KMS.0207")
    assert refused_with(delete_aliases, client, key_id, bare) == (404, "KMS.1101")
    assert refused_with(delete_aliases, client, key_id, own) == (400, "KMS.1101")
