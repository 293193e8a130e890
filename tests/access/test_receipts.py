from __future__ import annotations

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import replace
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from struct import pack
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from disclosed import signing_key
from jishi.access import receipts, signing
from jishi.access.signing import SigningKey
from jishi.cli import main
from jishi.errors import CallerError
from jishi.identifiers.keys import load_or_create
from jishi.settings import Settings

if TYPE_CHECKING:
    from asyncpg import Connection

SALT = bytes(range(16))
ASKED = {"citizen_id": "11010519491231002X"}
CLAIMS: dict[str, tuple[object, str]] = {
    "name": ("欧阳明日", "consistent"),
    "birth_date": ("1949-12-31", "inconsistent"),
}
AT = datetime(2026, 11, 22, 3, 4, 5, 6, UTC)
KEY = signing_key("receipt")


def _receipt(key: SigningKey = KEY, salt: bytes = SALT) -> dict[str, Any]:
    return receipts.issue(key, UUID(int=5), AT, salt, "natural-persons", ASKED, CLAIMS, "mismatch")


def test_the_holder_of_salt_and_values_reads_what_was_answered() -> None:
    values = {element: value for element, (value, _) in CLAIMS.items()}
    checked = receipts.verify(_receipt(), [KEY.public_jwk], SALT, "natural-persons", ASKED, values)
    assert checked.holds and checked.key is True and checked.outcome == "mismatch"
    assert checked.claims == {"name": "consistent", "birth_date": "inconsistent"}


def test_another_value_salt_key_or_collection_is_not_in_the_receipt() -> None:
    jwks = [KEY.public_jwk]
    assert receipts.verify(_receipt(), jwks, SALT, "natural-persons", ASKED, {"name": "欧阳明"}).claims == {
        "name": None
    }
    assert receipts.verify(_receipt(), jwks, SALT, "natural-persons", {"citizen_id": "x"}).key is False
    assert receipts.verify(_receipt(), jwks, SALT, "certificates", ASKED).key is False
    other = receipts.verify(_receipt(), jwks, bytes(16), "natural-persons", ASKED, {"name": "欧阳明日"})
    assert (other.signed, other.key, other.outcome, other.claims) == (True, False, None, {"name": None})


def test_without_the_salt_a_receipt_says_only_that_it_is_signed() -> None:
    assert receipts.verify(_receipt(), [KEY.public_jwk]) == receipts.Checked(signed=True)
    text = json.dumps(_receipt(), ensure_ascii=False)
    for word in ("natural", "citizen", "name", "birth", "欧阳", "1949", "mismatch", "consistent", SALT.hex()):
        assert word not in text
    one, other = _receipt(salt=bytes(16)), _receipt(salt=bytes(15) + b"\1")
    assert not {one["key"], one["outcome"], *one["claims"]} & {other["key"], other["outcome"], *other["claims"]}


def test_the_worked_vector_is_put_together_by_hand() -> None:
    """Straight from the module's sentences, so that another program can check a receipt."""

    def commitment(*fields: bytes) -> str:
        packed = b"".join(pack("!I", len(field)) + field for field in fields)
        return "01" + sha256(b"jishi-receipt-1\0" + packed).hexdigest()

    receipt = _receipt()
    assert receipt["key"] == commitment(SALT, b"key", b"natural-persons", b"citizen_id", b'"11010519491231002X"')
    assert receipt["key"] == "01f10ec6532d5436119f0131c4cd23f6eb8e095e63b1b8df130db5df5ad19dcb34"
    assert receipt["outcome"] == commitment(SALT, b"outcome", b"mismatch")
    name = commitment(SALT, b"claim", b"name", '"欧阳明日"'.encode(), b"consistent")
    birth = commitment(SALT, b"claim", b"birth_date", b'"1949-12-31"', b"inconsistent")
    assert receipt["claims"] == sorted([name, birth])
    message = json.dumps(
        {name: value for name, value in receipt.items() if name != "signature"},
        sort_keys=True,
        separators=(",", ":"),
    )
    raw = receipt["signature"] + "=" * (-len(receipt["signature"]) % 4)
    assert signing.verify(KEY.public_jwk, message.encode(), urlsafe_b64decode(raw))


@examples(max_examples=60, deadline=None)
@given(member=st.sampled_from(sorted(_receipt())), place=st.integers(0, 200), flip=st.integers(1, 9))
def test_any_change_of_a_receipt_is_seen(member: str, place: int, flip: int) -> None:
    receipt = _receipt()
    if member == "claims":
        receipt["claims"] = receipt["claims"][: flip % 2]
    else:
        text = receipt[member]
        here = place % max(1, len(text) - 2)
        receipt[member] = text[:here] + chr(ord(text[here]) ^ flip) + text[here + 1 :]
    try:
        assert not receipts.verify(receipt, [KEY.public_jwk]).signed
    except CallerError as error:
        assert error.code == "ACC-RECEIPT"


def test_a_receipt_of_a_key_that_is_not_known_is_not_signed() -> None:
    assert not receipts.verify(_receipt(), []).signed
    assert not receipts.verify(_receipt(replace(signing_key("receipt"), kid=KEY.kid)), [KEY.public_jwk]).signed


@pytest.mark.parametrize("salt", ["", "AAAA", "A" * 21, "*" * 24, "é" * 24, "A" * 200])
def test_a_salt_that_is_too_short_too_long_or_none_is_refused(salt: str) -> None:
    with pytest.raises(CallerError) as told:
        receipts.read_salt(salt)
    assert told.value.faults[0].code == "ACC-RECEIPT-SALT"


def test_a_salt_is_read_with_and_without_padding() -> None:
    text = urlsafe_b64encode(SALT).decode()
    assert receipts.read_salt(text) == receipts.read_salt(text.rstrip("=")) == SALT


@pytest.mark.parametrize("algorithm", ["Ed25519", "SM2"])
async def test_keys_of_both_algorithms_sign_rotate_and_are_withdrawn(
    settings: Settings, connection: Connection[Any], algorithm: str
) -> None:
    keys = load_or_create(settings.key_path)
    first = await signing.current(connection, keys, "receipt", algorithm)
    old = _receipt(first)
    assert old["alg"] == algorithm and old["key"][:2] == {"Ed25519": "01", "SM2": "02"}[algorithm]
    second = await signing.rotate(connection, keys, "receipt", algorithm)
    assert (await signing.current(connection, keys, "receipt", algorithm)).kid == second.kid != first.kid
    believed = await signing.public_keys(connection, "receipt")
    assert receipts.verify(old, believed).signed and receipts.verify(_receipt(second), believed).signed
    assert not receipts.verify({**old, "at": "2026-11-22T03:04:05.000007Z"}, believed).signed
    assert await signing.withdraw(connection, first.kid)
    believed = await signing.public_keys(connection, "receipt")
    assert not receipts.verify(old, believed).signed and receipts.verify(_receipt(second), believed).signed


def test_the_command_checks_a_receipt_with_nothing_but_files(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    salt = urlsafe_b64encode(SALT).decode()
    values = {element: value for element, (value, _) in CLAIMS.items()}
    request = {"collection": "natural-persons", "key": ASKED, "claims": values, "salt": salt}
    (tmp_path / "answer.json").write_text(json.dumps({"outcome": "mismatch", "receipt": _receipt()}))
    (tmp_path / "asked.json").write_text(json.dumps(request))
    (tmp_path / "keys.json").write_text(json.dumps({"keys": [KEY.public_jwk]}))
    arguments = [
        "audit",
        "check-receipt",
        str(tmp_path / "answer.json"),
        "--keys",
        str(tmp_path / "keys.json"),
        "--json",
    ]
    assert main([*arguments, "--asked", str(tmp_path / "asked.json")]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["holds"] and told["outcome"] == "mismatch" and told["claims"]["name"] == "consistent"
    (tmp_path / "asked.json").write_text(json.dumps({**request, "claims": {"name": "别人"}}))
    assert main([*arguments, "--asked", str(tmp_path / "asked.json")]) == 1
    assert main(arguments) == 0  # the signature alone
