"""Settings: frozen, read once, each knowing where it came from.

The order is: an argument, the environment (`TORVET_…`), `torvet.toml` in the home folder, the
default. Every setting is documented here; `docs/reference/settings.md` is made from it.
"""

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from .kit.errors import ExchangeError, Kind
from .kit.home import default_home


@dataclass(eq=False)
class SettingsInvalid(ExchangeError):
    """A setting makes no sense, or there is none of that name."""

    where: str
    said: str

    kind = Kind.INVALID
    code = "settings-invalid"
    advice = "docs/reference/settings.md describes every setting."

    def __str__(self) -> str:
        """Say what is wrong, and where."""
        return f"The settings cannot be used ({self.where}): {self.said}."


class Settings(BaseSettings):
    """What an operator may choose."""

    model_config = SettingsConfigDict(env_prefix="TORVET_", frozen=True, extra="forbid")

    home: Annotated[Path, Field(description="The one folder of all embedded state.")] = Field(
        default_factory=default_home
    )
    database: Annotated[
        str, Field(description="`embedded`, or a PostgreSQL server: `postgresql+psycopg://…`.")
    ] = "embedded"
    tables: Annotated[
        str, Field(description="`embedded`, a folder, or an object store: `s3://bucket/prefix`.")
    ] = "embedded"
    engine: Annotated[
        str, Field(description="`embedded` (DuckDB), or a Spark Connect server: `sc://host:15002`.")
    ] = "embedded"
    url: Annotated[
        str, Field(description="Where others reach it; the address it listens at where not set.")
    ] = "http://127.0.0.1:8000"
    host: Annotated[str, Field(description="The address that `torvet serve` listens on.")] = (
        "127.0.0.1"
    )
    port: Annotated[int, Field(ge=0, le=65535, description="The port of `torvet serve`.")] = 8000
    name: Annotated[str, Field(description="The exchange's name, as its pages show it.")] = "Torvet"
    place: Annotated[str, Field(description="The region that the exchange serves, ISO 3166.")] = (
        "DK"
    )
    upload_bytes_max: Annotated[int, Field(gt=0, description="Largest upload, in bytes.")] = (
        4 * 1024**3
    )
    expansion_ratio_max: Annotated[
        int, Field(gt=0, description="How many times larger a file may become when unpacked.")
    ] = 200
    columns_max: Annotated[int, Field(gt=0, description="Most columns of one table.")] = 2000
    engine_memory_mb: Annotated[int, Field(gt=0, description="Memory of the engine, in MiB.")] = (
        1024
    )
    file_url_lifetime_s: Annotated[
        int, Field(gt=0, description="How long a signed file URL lives, in seconds.")
    ] = 3600
    requests_per_minute: Annotated[
        int, Field(gt=0, description="Requests a minute that one caller may make.")
    ] = 6000
    sign_ins_per_minute: Annotated[
        int, Field(gt=0, description="Sign-ins and sign-ups a minute from one address.")
    ] = 120
    privacy_k_min: Annotated[
        int, Field(ge=2, description="Smallest k, and fewest contributors, that a policy may ask.")
    ] = 3
    privacy_attack_rows: Annotated[
        int, Field(gt=0, description="People who are attacked, at most, before a release is made.")
    ] = 1000
    rulebook: Annotated[
        str, Field(description="Folder of rules about money; empty: the exchange's own.")
    ] = ""
    card_endpoint: Annotated[
        str,
        Field(description="Card provider that speaks Stripe's HTTP interface; empty: no cards."),
    ] = ""
    card_secret_key: Annotated[str, Field(description="Key of its interface.", repr=False)] = ""
    card_webhook_secret: Annotated[
        str, Field(description="Secret that it signs its events with.", repr=False)
    ] = ""
    card_timeout_s: Annotated[
        float, Field(gt=0, description="How long its answers are waited for, in seconds.")
    ] = 10.0
    bank_folder: Annotated[
        str,
        Field(description="Folder to exchange files with the bank in; empty: a person does it."),
    ] = ""
    payout_minor_min: Annotated[
        int, Field(gt=0, description="Smallest amount that is paid out, in øre or cent.")
    ] = 10_000
    oidc_issuer: Annotated[str, Field(description="OIDC issuer; empty: no such sign-in.")] = ""
    oidc_client_id: Annotated[str, Field(description="OIDC client id.")] = ""
    oidc_client_secret: Annotated[str, Field(description="OIDC client secret.", repr=False)] = ""
    s3_endpoint: Annotated[
        str, Field(description="Endpoint of an S3-speaking store that is not AWS.")
    ] = ""
    s3_region: Annotated[str, Field(description="Region of the object store.")] = "eu-north-1"
    log_level: Annotated[str, Field(description="debug, info, warning or error.")] = "info"


def load(**arguments: Any) -> tuple[Settings, Mapping[str, str]]:
    """Return the settings and, for each, where it came from.

    Raises SettingsInvalid where one makes no sense, or where the file cannot be read.
    """
    home = Path(arguments.get("home") or default_home())
    file = home / "torvet.toml"
    written = _read(file)
    environment = {name for name in Settings.model_fields if f"TORVET_{name.upper()}" in os.environ}
    from_file = {k: v for k, v in written.items() if k not in environment and k not in arguments}
    try:
        settings = Settings(**from_file, **arguments)
    except ValidationError as error:
        faults = [(str(fault["loc"][0]), fault["msg"]) for fault in error.errors()]
        where = ", ".join(
            _origin(name, arguments, environment, from_file, file) for name, _ in faults
        )
        said = "; ".join(f"{name}: {words}" for name, words in faults)
        raise SettingsInvalid(where, said) from error
    if "url" not in {*arguments, *environment, *from_file}:
        here = f"http://{settings.host}:{settings.port}"
        settings = settings.model_copy(update={"url": here})
    return settings, {
        name: _origin(name, arguments, environment, from_file, file)
        for name in Settings.model_fields
    }


def _read(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SettingsInvalid(str(file), str(error)) from error


def _origin(
    name: str,
    arguments: Mapping[str, Any],
    environment: set[str],
    from_file: Mapping[str, Any],
    file: Path,
) -> str:
    if name in arguments:
        return "argument"
    if name in environment:
        return f"environment TORVET_{name.upper()}"
    if name in from_file:
        return str(file)
    return "default"
