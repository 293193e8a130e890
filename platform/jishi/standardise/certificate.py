"""What several elements of a certificate say together: status, operation, holders, annotated copies (step standardise)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from types import MappingProxyType
from zoneinfo import ZoneInfo

import polars as pl

from jishi.identifiers.columns import usccs
from jishi.standardise.date_text import read_date_text
from jishi.standardise.delivery import Delivery
from jishi.standardise.parts import count_parts
from jishi.standardise.text import narratives

VALID, EXPIRED, OTHER = "01", "05", "99"
FOLLOWING = ("02", "08", "09")
"""Operations that continue an earlier certificate: 延续, 转入, 变更."""

_SM3 = "^[0-9A-Fa-f]{64}$"

COPY_DATES = ("made_at", "expires_at")
COPY_NEEDS = ("made_at", "purpose", "expires_at")

FACTS: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "cert_identifier": {"cert_identifier__issuer_right": "boolean"},
        "cert_type_code": {"cert_type_code__agrees": "boolean"},
        "issuer_code": {"issuer_code__agrees": "boolean"},
        "file_digest": {"file_digest__shaped": "boolean"},
        "associated_cert_identifier": {"associated_cert_identifier__another": "boolean"},
        "holder_name": {"holder_name__count": "bigint"},
        "cert_status": {
            "cert_status__explained": "boolean",
            "cert_status__to": "text",
            "cert_status__from": "text",
            "cert_status__allowed": "boolean",
        },
        "operate_type": {"operate_type__associated": "boolean"},
        "annotated_copies": {"annotated_copies__complete": "boolean"},
    }
)
"""Element → its further columns of the stage table; ``__from`` and ``__allowed`` are filled in SQL, from the register."""


def certificate_facts(frame: pl.DataFrame, delivery: Delivery) -> pl.DataFrame:
    """``frame`` with the facts of :data:`FACTS` whose elements are mapped."""
    found: list[pl.Expr | pl.Series] = []
    if "cert_identifier" in frame.columns:
        found.append(_issuers(frame["cert_identifier__issuer_code"], delivery).alias("cert_identifier__issuer_right"))
        for name, part in (("cert_type_code", "type_code"), ("issuer_code", "issuer_code")):
            found.append((_col(frame, name) == pl.col(f"cert_identifier__{part}")).alias(f"{name}__agrees"))
    if "file_digest" in frame.columns:
        found.append(pl.col("file_digest").str.contains(_SM3).alias("file_digest__shaped"))
    if {"cert_identifier", "associated_cert_identifier"} <= set(frame.columns):
        another = pl.col("associated_cert_identifier") != pl.col("cert_identifier")
        found.append(another.alias("associated_cert_identifier__another"))
    if "cert_status" in frame.columns:
        found += _status(frame, delivery)
    if "operate_type" in frame.columns:
        follows = pl.col("operate_type").is_in(list(FOLLOWING))
        stated = _col(frame, "associated_cert_identifier__read").is_not_null()
        found.append(pl.when(follows).then(stated).alias("operate_type__associated"))
    if "holder_name" in frame.columns:
        found.append(_holders(delivery).alias("holder_name__count"))
    frame = frame.with_columns(*found)
    return _with_copies(frame, delivery) if "annotated_copies" in frame.columns else frame


def _status(frame: pl.DataFrame, delivery: Delivery) -> list[pl.Expr]:
    """The status as of today: a certificate past its term has expired, whatever the source still says."""
    past = _col(frame, "valid_to", pl.Date()) < delivery.plan.today
    status = pl.col("cert_status")
    return [
        pl.when(status == OTHER).then(_col(frame, "cert_status_text").is_not_null()).alias("cert_status__explained"),
        pl.when((status == VALID) & past.fill_null(False))
        .then(pl.lit(EXPIRED))
        .otherwise(status)
        .alias("cert_status__to"),
    ]


def _issuers(codes: pl.Series, delivery: Delivery) -> pl.Series:
    """Whether the issuer inside an identifier is a right credit code; null where there is no identifier."""
    facts = usccs(codes, delivery.plan.known_divisions)
    right = (facts["check_expected"] == facts["check_actual"]).fill_null(False)
    return right.set(codes.is_null(), None)


def _holders(delivery: Delivery) -> pl.Series:
    """The most values that name or code of the holder hold in one cell."""
    takes = [delivery.plan.mapped[name] for name in ("holder_name", "holder_code") if name in delivery.plan.mapped]
    counts = [count_parts(delivery.text(take.columns)).alias(take.element) for take in takes]
    return pl.DataFrame(counts).select(most=pl.max_horizontal(pl.all()))["most"]


def _with_copies(frame: pl.DataFrame, delivery: Delivery) -> pl.DataFrame:
    """Dates within the copies as ISO dates; a copy is complete with its making, purpose and a later or equal end."""
    zone, order = ZoneInfo(delivery.plan.city.timezone), delivery.plan.date_order
    texts = frame["annotated_copies"].drop_nulls().unique()
    read = {text: _copies(text, order, zone) for text in texts}
    values = {text: value for text, (value, _) in read.items()}
    complete = {text: whole for text, (_, whole) in read.items()}
    column = frame["annotated_copies"]
    return frame.with_columns(
        column.replace_strict(values, default=None, return_dtype=pl.String).alias("annotated_copies"),
        column.replace_strict(complete, default=None, return_dtype=pl.Boolean).alias("annotated_copies__complete"),
    )


def _copies(text: str, order: str | None, zone: ZoneInfo) -> tuple[str, bool]:
    items: list[dict[str, str]] = json.loads(text)
    whole = True
    for item in items:
        for name in COPY_DATES:
            day = read_date_text(item[name], order, zone) if name in item else None
            if day is not None and day.low is not None and day.precision == "day":
                item[name] = day.low.isoformat()
            elif day is not None:
                whole = False
        whole = whole and all(name in item for name in COPY_NEEDS)
        whole = whole and item.get("made_at", "") <= item.get("expires_at", "")
    return json.dumps(items, ensure_ascii=False), whole


def mask_faces(faces: pl.Series) -> pl.Series:
    """Fields on the face of a certificate, a citizen number within them masked: such numbers stand sealed or not at all."""
    return narratives(faces)


def _col(frame: pl.DataFrame, name: str, kind: pl.DataType | None = None) -> pl.Expr:
    return pl.col(name) if name in frame.columns else pl.lit(None, kind or pl.String())
