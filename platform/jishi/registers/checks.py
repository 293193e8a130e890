"""Checks that several registers declare in the same way: of credit codes, document numbers and dates."""

from __future__ import annotations

from jishi.registers.element import Check, Severity, Test

TRUE = (("values", (True,)),)
OK = (("values", ("ok",)),)
WARN = Severity.WARN


def check_character(name: str, message: str = "QLT-ID-CHECK") -> Check:
    """The check character a number carries is the one its formula gives."""
    actual, expected = f"{name}__check_actual", f"{name}__check_expected"
    return Check("check_character", Test.PAIR_EQUAL, message, column=actual, other=expected)


def credit_code(name: str) -> tuple[Check, ...]:
    """GB 32100: check character, no placeholder; what is only unusual is warned of."""
    return (
        check_character(name, "QLT-USCC-CHECK"),
        Check("not_zeros", Test.IN_SET, "QLT-USCC-ZEROS", column=f"{name}__zeros", params=(("values", (False,)),)),
        Check("category_known", Test.IN_SET, "QLT-USCC-CATEGORY", WARN, f"{name}__category_known", params=TRUE),
        Check(
            "inner_code",
            Test.PAIR_EQUAL,
            "QLT-USCC-INNER",
            WARN,
            f"{name}__inner_actual",
            other=f"{name}__inner_expected",
        ),
        Check("division_known", Test.IN_SET, "QLT-USCC-DIVISION", WARN, f"{name}__division_known", params=TRUE),
    )


def fact(name: str, message: str, column: str, severity: Severity = Severity.REFUSE_ROW) -> Check:
    """A fact that must be true where it is known."""
    return Check(name, Test.IN_SET, message, severity, column, params=TRUE)


def day_range(first: str = "1949-10-01") -> Check:
    """A day of the past, not before ``first``."""
    return Check("range", Test.BETWEEN, "QLT-RANGE", params=(("min", first), ("max", "today")))


def not_before(other: str, name: str, message: str = "QLT-ORDER") -> Check:
    """The element's day is not before that of ``other``."""
    return Check(name, Test.PAIR_NOT_BEFORE, message, other=other)
