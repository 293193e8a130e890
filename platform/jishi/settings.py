"""Where this deployment keeps its state and what city it serves; read once at the edge, passed down, never at import.

Settings come from the environment (``JISHI_…``); the city's own facts from ``JISHI_HOME/city.toml``.
"""

from __future__ import annotations

import hashlib
import os
import pwd
import tomllib
from datetime import date
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from jishi.errors import DeclarationError, Fault

SHARED_STATE = Path("/var/lib/jishi")


class Settings(BaseSettings):
    """Everything the environment may say; each field is documented in ``docs/settings.md``."""

    model_config = SettingsConfigDict(env_prefix="JISHI_", frozen=True, extra="ignore")

    home: Path | None = Field(None, description="Folder of city.toml, sources/ and dictionaries/ of this city.")
    state: Path | None = Field(
        None, description="Folder of the private database, landing zone, keys, logs and run files."
    )
    database_url: str | None = Field(
        None, description="An existing PostgreSQL >= 15 with PostGIS; None = the private one."
    )
    key_file: Path | None = Field(None, description="File of the sealing keys; made at first start when absent.")
    dictionaries: Path | None = Field(
        None, description="Folder of the shipped dictionaries; None = checkout or package."
    )
    cipher: Literal["aes", "sm4"] = Field(
        "aes", description="Block cipher that seals identity numbers and landed files."
    )
    digest: Literal["sha256", "sm3"] = Field("sha256", description="Hash that chains the disclosure log.")
    seal_algorithm: Literal["ed25519", "sm2"] = Field(
        "ed25519", description="Signature of the disclosure log's seals and of receipts."
    )
    host: str = Field("127.0.0.1", description="Address the API listens on.")
    port: int = Field(8000, ge=1, le=65535, description="Port the API listens on.")
    workers: int = Field(2, ge=1, le=64, description="API processes that share the port.")
    concurrency: int = Field(
        512, ge=1, description="Requests one API process has under way before it turns others away."
    )
    drain_s: float = Field(1.0, ge=0, le=60, description="Seconds an API asked to stop goes on answering as not ready.")
    chunk_rows: int = Field(100_000, ge=1_000, description="Rows of a delivery held in memory at once.")
    landing_days: int = Field(180, ge=1, description="Days a delivery's bytes are kept once its batch is over.")
    change_days: int = Field(400, ge=1, description="Days a change stays in the change feed.")
    export_hours: int = Field(24, ge=1, le=720, description="Hours the file of a finished export is kept.")
    lease_s: int = Field(60, ge=5, description="Seconds after which a job of a silent worker may be taken over.")
    token_lifetime_s: int = Field(3600, ge=60, le=86_400, description="Seconds an access token is valid.")
    console_idle_minutes: int = Field(
        30, ge=1, le=1440, description="Minutes a session of the console lasts without a request."
    )
    console_hours: int = Field(12, ge=1, le=168, description="Hours after its login a session of the console ends.")
    oidc_issuer: str | None = Field(
        None, description="OpenID Connect provider by which console users may log in; None = none."
    )
    oidc_client_id: str = Field("jishi", description="What the provider knows the console as.")
    oidc_client_secret: SecretStr | None = Field(None, description="The console's secret at the provider.")
    oidc_claim: str = Field("preferred_username", description="Claim of the identity that is the user's login here.")
    language: Literal["zh-CN", "en"] = Field("zh-CN", description="Language of command output when LANG says nothing.")

    @property
    def state_dir(self) -> Path:
        """The state folder: the setting, else ``var/`` of the checkout, else a folder the database's user can enter."""
        if self.state is not None:
            return self.state.absolute()
        root = checkout() or Path.cwd()
        if _others_can_enter(root):
            return root / "var"
        return SHARED_STATE / hashlib.sha256(str(root).encode()).hexdigest()[:12]

    @property
    def home_dir(self) -> Path:
        return self.home.absolute() if self.home else self.state_dir / "home"

    @property
    def key_path(self) -> Path:
        return self.key_file.absolute() if self.key_file else self.state_dir / "keys" / "sealing.json"

    @property
    def landing_dir(self) -> Path:
        return self.state_dir / "landing"

    @property
    def exports_dir(self) -> Path:
        return self.state_dir / "exports"

    @property
    def dictionaries_dir(self) -> Path:
        """Setting → checkout → the copy packaged with the wheel."""
        if self.dictionaries is not None:
            return self.dictionaries.absolute()
        root = checkout()
        return root / "dictionaries" if root else Path(__file__).parent / "_dictionaries"


class BandLimits(BaseModel):
    """Shares (0-1) beyond which a batch is held for a steward: a number, ``off``, or absent, and then learnt."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    max_failure_share: Annotated[float, Field(ge=0, le=1)] | Literal["off"] | None = None
    volume_band: Annotated[float, Field(gt=0)] | Literal["off"] | None = None
    max_endings_share: Annotated[float, Field(ge=0, le=1)] | Literal["off"] | None = None

    def over(self, other: BandLimits) -> BandLimits:
        """These limits, and where they say nothing, the other's."""
        return other.model_copy(update=self.model_dump(exclude_none=True))

    def __str__(self) -> str:
        """As ``city.toml`` would say it."""
        declared = self.model_dump(exclude_none=True).items()
        told = ", ".join(f'{name} = "{limit}"' if limit == "off" else f"{name} = {limit}" for name, limit in declared)
        return f"{{ {told} }}" if told else "{}"


class DisclosureRules(BaseModel):
    """``exempt_purposes``: disclosures for these (investigations) are shown to auditors only, not at the counter."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    exempt_purposes: tuple[str, ...] = ()

    def __str__(self) -> str:
        """As ``city.toml`` would say it."""
        told = ", ".join(f'"{purpose}"' for purpose in self.exempt_purposes)
        return f"{{ exempt_purposes = [{told}] }}" if told else "{}"


class SharingTerms(BaseModel):
    """Terms of data-sharing applications in working days (parameters: statutory figures are not verified), and the
    departments that own registers (register → USCC) where the catalogue's provider does not name exactly one.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    check_days: int = Field(2, ge=0, le=365)
    answer_days_unconditional: int = Field(1, ge=0, le=365)
    answer_days_conditional: int = Field(10, ge=0, le=365)
    owners: dict[str, Annotated[str, Field(pattern=r"^[0-9A-HJ-NP-RTUW-Y]{18}$")]] = {}

    def __str__(self) -> str:
        """As ``city.toml`` would say it."""
        days = ("check_days", "answer_days_unconditional", "answer_days_conditional")
        return f"{{ {', '.join(f'{name} = {getattr(self, name)}' for name in days)} }}"


class LearningRules(BaseModel):
    """``four_eyes``: an alias is approved by somebody other than who proposed it. ``most_names``: so many names that were asked
    for are kept, of those with a match and of those without; 0 keeps none.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    four_eyes: bool = False
    most_names: int = Field(20_000, ge=0, le=1_000_000)

    def __str__(self) -> str:
        """As ``city.toml`` would say it."""
        return f"{{ four_eyes = {str(self.four_eyes).lower()}, most_names = {self.most_names} }}"


class CorrectionTerms(BaseModel):
    """校核纠错: working days within which a department answers a dispute 异议 and puts right what a ticket names."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    dispute_days: int = Field(5, ge=0, le=365)
    ticket_days: int = Field(10, ge=0, le=365)

    def __str__(self) -> str:
        """As ``city.toml`` would say it."""
        return f"{{ dispute_days = {self.dispute_days}, ticket_days = {self.ticket_days} }}"


class StewardshipRules(BaseModel):
    """``four_eyes``: a held batch is released by somebody other than who proposed it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    four_eyes: bool = False

    def __str__(self) -> str:
        """As ``city.toml`` would say it."""
        return f"{{ four_eyes = {str(self.four_eyes).lower()} }}"


class City(BaseModel):
    """``city.toml``: the facts of the one city this deployment serves. Degrees are EPSG:4490, longitude first."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = "苏州市"
    name_en: str = "Suzhou"
    division_prefix: str = Field("3205", pattern=r"^\d{2,6}$")
    projected_srid: int = 4549
    bbox: tuple[float, float, float, float] = (119.85, 30.70, 121.45, 32.15)
    timezone: str = "Asia/Shanghai"
    founding_date: date = date(1949, 10, 1)
    publish_person_penalties: bool = False
    thresholds: BandLimits = BandLimits()
    disclosure: DisclosureRules = DisclosureRules()
    sharing: SharingTerms = SharingTerms()
    learning: LearningRules = LearningRules()
    correction: CorrectionTerms = CorrectionTerms()
    stewardship: StewardshipRules = StewardshipRules()


def checkout() -> Path | None:
    """The checkout this package runs from, None when it is installed from a wheel."""
    root = Path(__file__).resolve().parents[2]
    return root if (root / "pyproject.toml").is_file() and (root / "dictionaries").is_dir() else None


def load_city(settings: Settings) -> City:
    """Read ``city.toml``; without the file the defaults stand. All faults are reported at once (``SET-CITY``)."""
    path = settings.home_dir / "city.toml"
    if not path.is_file():
        return City()
    try:
        return City.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except tomllib.TOMLDecodeError as error:
        raise DeclarationError("SET-CITY", path=path.name, reason=str(error)) from error
    except ValidationError as error:
        faults = tuple(
            Fault(".".join(map(str, item["loc"])), "SET-VALUE", {"reason": item["msg"]}) for item in error.errors()
        )
        raise DeclarationError("SET-CITY", path=path.name, reason="", faults=faults) from error


def _others_can_enter(folder: Path) -> bool:
    """Whether an unprivileged user could enter: only asked of root, everyone else runs the database as himself."""
    if os.geteuid() != 0:
        return True
    return all(part.stat().st_mode & 0o001 for part in (folder, *folder.parents)) and bool(pwd.getpwuid(0))
