"""The row filter of a grant 行筛选: CQL2 text compiled before the grant stands, and again for every plan (plan, road out).

Published as the entry point ``jishi.row_filter``, so that the command line can refuse a filter it could not compile itself.
"""

from __future__ import annotations

from jishi.errors import Fault
from jishi.registers.register import Register
from jishi_api import cql2
from jishi_api.compile import compile_filter
from jishi_api.condition import Condition


def read_rows(register: Register, text: str, faults: list[Fault]) -> Condition | None:
    """The condition with parameters from ``$1`` on; None after telling every fault. Its elements need not be granted."""
    try:
        return compile_filter(register, cql2.read_text(text), 1, faults)
    except cql2.Malformed as error:
        faults.append(Fault("rows", error.code, {"longest": cql2.LONGEST, "deepest": cql2.DEEPEST}))
        return None


def faults_of_rows(register: Register, text: str) -> tuple[Fault, ...]:
    """What is wrong with a filter; none repeats a literal."""
    faults: list[Fault] = []
    read_rows(register, text, faults)
    return tuple(faults)
