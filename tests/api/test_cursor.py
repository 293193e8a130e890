from __future__ import annotations

from uuid import uuid4

import pytest

from jishi_api import cursor
from jishi_api.cursor import Place

SECRET = b"a secret"


def test_a_cursor_leads_back_to_its_uid() -> None:
    for last in (Place(uuid4()), Place(uuid4(), "苏州"), Place(uuid4(), "")):
        assert cursor.read(SECRET, "question", cursor.write(SECRET, "question", last)) == last


@pytest.mark.parametrize("spoilt", ["", "x", "=", "é", "A" * 43, "A" * 1000, "\x00"])
def test_what_was_not_written_here_is_no_cursor(spoilt: str) -> None:
    assert cursor.read(SECRET, "question", spoilt) is None


def test_a_cursor_serves_no_other_question_and_no_other_secret() -> None:
    written = cursor.write(SECRET, "question", Place(uuid4()))
    assert cursor.read(SECRET, "another", written) is None
    assert cursor.read(b"another", "question", written) is None
    turned = ("B" if written[0] == "A" else "A") + written[1:]
    assert cursor.read(SECRET, "question", turned) is None
    assert cursor.read(SECRET, "question", written[:-4]) is None
