"""What an approval platform 审批平台 asks of Jishi about one form: names of nodes, the applicant, its certificate.

JISHI_API_KEY=… python approval_client.py URL FORM.json; the form has "nodes": [names], "place", "stage", "uscc", "applicant",
"certificate": {"key": {element: value}, "claims": {element: value}}, "purpose", "case_no". Exit: 0 nothing is doubtful, 1 somebody
must look, 2 it could not be asked. Needs httpx, and cryptography to check the receipt offline; nothing of Jishi's own code.
"""

import hashlib
import json
import os
import secrets
import struct
import sys
from base64 import urlsafe_b64decode, urlsafe_b64encode
from pathlib import Path

import httpx
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey


def names_are_standard(api: httpx.Client, form: dict) -> bool:
    """Each name of the form → the one standard node it means; a name that means none, or may mean several, is doubtful."""
    context = {name: form[name] for name in ("place", "department", "stage") if form.get(name)}
    answer = api.post("/dictionary/resolve", json={"names": form["nodes"], "context": context, "limit": 3})
    results = answer.raise_for_status().json()["results"]
    for result in results:
        meant = "、".join(f"{one['code']} {one['name']} ({one['score']})" for one in result["candidates"])
        print(f"节点{'' if result['match'] else '（存疑）'} {result['name']} → {meant or '无'}")
    return all(result["match"] for result in results)


def applicant_is_registered(api: httpx.Client, form: dict) -> bool:
    """Whether the register knows an entity of this code by this name, as far as the client's grant lets it see."""
    answer = api.get(f"/collections/legal-entities/items/{form['uscc']}", follow_redirects=True)
    name = answer.json()["properties"]["entity_name"] if answer.is_success else None
    print(f"申请单位 {form['uscc']} → {name or f'未找到（{answer.status_code}）'}")
    return name == form["applicant"]


def certificate_is_verified(api: httpx.Client, form: dict) -> bool:
    """Whether every claim holds, and the receipt of the answer proves it."""
    salt = secrets.token_bytes(32)
    said = {**form["certificate"], "collection": "certificates", "salt": urlsafe_b64encode(salt).decode()}
    stated = {name: form[name] for name in ("purpose", "case_no") if name in form}
    told = api.post("/verify", json=said | stated).raise_for_status().json()
    keys = api.get("/.well-known/jishi-receipt-keys.json").raise_for_status().json()["keys"]
    check_receipt(told["receipt"], {key["kid"]: key for key in keys}, salt, said, told)
    print(f"证照核验 → {told['outcome']}，回执 {told['receipt']['request_id']} 有效")
    return told["outcome"] == "match"


def check_receipt(receipt: dict, keys: dict, salt: bytes, said: dict, told: dict) -> None:
    """Raises InvalidSignature unless a published key signed that this was asked and so answered. Asks nobody."""
    spell = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode

    def commit(*fields: str) -> str:
        packed = b"".join(struct.pack("!I", len(part)) + part for part in (salt, *map(str.encode, fields)))
        return "01" + hashlib.sha256(b"jishi-receipt-1\0" + packed).hexdigest()

    key = [part for name, value in sorted(said["key"].items()) for part in (name, spell(value))]
    claims = sorted(commit("claim", name, spell(value), told["claims"][name]) for name, value in said["claims"].items())
    ours = {
        "key": commit("key", said["collection"], *key),
        "outcome": commit("outcome", told["outcome"]),
        "claims": claims,
    }
    signed = {name: value for name, value in receipt.items() if name != "signature"}
    public = Ed25519PublicKey.from_public_bytes(urlsafe_b64decode(keys[receipt["kid"]]["x"] + "=="))
    public.verify(urlsafe_b64decode(receipt["signature"] + "=="), spell(signed | ours).encode())


if __name__ == "__main__":
    try:
        form = json.loads(Path(sys.argv[2]).read_text(encoding="utf-8"))
        with httpx.Client(base_url=sys.argv[1], headers={"X-API-Key": os.environ["JISHI_API_KEY"]}) as api:
            sure = [ask(api, form) for ask in (names_are_standard, applicant_is_registered, certificate_is_verified)]
    except (httpx.HTTPError, InvalidSignature, LookupError, OSError, ValueError) as error:
        sys.exit(print(f"无法办理：{type(error).__name__}", file=sys.stderr) or 2)
    sys.exit(print("决定：受理" if all(sure) else "决定：转人工核查") or int(not all(sure)))
