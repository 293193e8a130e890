"""The one family of errors every step of the road raises; it knows no HTTP and no terminal.

A code is grouped by stage and never reused: ``SET`` settings, ``STO`` storage, ``RUN`` running a deployment, ``REG``
registers, ``DIC`` dictionary, ``ING`` ingest, ``READ`` how a value read, ``QLT`` quality, ``MAT`` matching, ``GLD`` golden,
``QRY`` query, ``ACC`` access, ``JOB`` jobs, ``STW`` stewardship, ``CON`` console.
The text of a code stands in ``jishi/messages`` in zh-CN and en; the error carries only the code and the values to fill in,
none of which may be a personal value.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from jishi.messages import render


class Blame(StrEnum):
    """Whose fault an error is; the edge maps it to an HTTP status or an exit code."""

    CALLER = "caller"
    DATA = "data"
    OURS = "ours"


@dataclass(frozen=True, slots=True)
class Fault:
    """One named fault among several: the parameter, file or element at fault, its code and the values of its message."""

    name: str
    code: str
    values: dict[str, object] = field(default_factory=dict)

    def text(self, language: str = "zh-CN") -> str:
        return render(self.code, language, **self.values)


class JishiError(Exception):
    """Base of all errors: a code, who is to blame, values for the message, and every fault found at once."""

    blame = Blame.OURS

    def __init__(self, code: str, *, faults: tuple[Fault, ...] = (), **values: object) -> None:
        self.code = code
        self.values = values
        self.faults = faults
        super().__init__(f"{code}: {render(code, 'en', **values)}")

    def text(self, language: str = "zh-CN") -> str:
        """The message with its faults, one a line."""
        lines = [render(self.code, language, **self.values)]
        lines += [f"  {fault.name}: {fault.text(language)}" for fault in self.faults]
        return "\n".join(lines)


class CallerError(JishiError):
    """The request or command was wrong; the same call will fail again."""

    blame = Blame.CALLER


class NotFoundError(CallerError):
    """What the caller named does not exist."""


class DeniedError(CallerError):
    """The caller may not do this."""


class InputRefusedError(JishiError):
    """A delivery that cannot be read at all; ``line`` and ``byte`` (1-based, 0-based) say where, None where unknown."""

    blame = Blame.DATA

    def __init__(
        self,
        code: str,
        *,
        line: int | None = None,
        byte: int | None = None,
        faults: tuple[Fault, ...] = (),
        **values: object,
    ) -> None:
        super().__init__(code, faults=faults, line=line, byte=byte, **values)
        self.line = line
        self.byte = byte


class DeclarationError(JishiError):
    """A setting, source, register or dictionary file is wrong; all faults are in ``faults``."""


class InternalError(JishiError):
    """Ours to mend: the batch or request is abandoned and the state is what it was before."""
