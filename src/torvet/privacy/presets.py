"""Where a policy begins: what is usual for a kind of data. Every number may be changed.

The numbers are those of authorities, named beside them; they differ between countries and
sectors, which is why they stand in a policy and not in the code that carries it out.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .errors import PolicyInvalid


@dataclass(frozen=True, slots=True, kw_only=True)
class Preset:
    """What is asked for by default. `l` and `t` None: not asked for. Shares are fractions of 1."""

    name: str
    words: str
    k: int
    l: int | None = None  # noqa: E741 - l-diversity is called by this letter
    t: float | None = None
    suppression_limit: float = 0.05
    contributors: int = 15
    max_share: float = 0.15
    micro_rho_per_consumer: int = 250_000
    micro_rho_per_dataset: int = 1_000_000
    delta: float = 1e-6

    def models(self, sensitive: Sequence[str]) -> list[dict[str, Any]]:
        """Return the models, those of sensitive columns only where there are any."""
        wanted: list[dict[str, Any]] = [{"kind": "k-anonymity", "k": self.k}]
        if sensitive and self.l is not None:
            wanted.append({"kind": "l-diversity", "l": self.l, "of": "distinct"})
        if sensitive and self.t is not None:
            wanted.append({"kind": "t-closeness", "t": self.t, "distance": "equal"})
        return wanted

    def rules(self) -> list[dict[str, Any]]:
        """Return the rules that every cell of an aggregate keeps."""
        return [
            {"kind": "min-contributors", "n": self.contributors},
            {"kind": "max-share", "share": self.max_share},
        ]


PRESETS: Mapping[str, Preset] = {
    it.name: it
    for it in (
        # Stedin (NL) publishes rows of at least ten connections; 15/15 is the rule of US states.
        Preset(name="households", words="homes and who lives in them", k=10, l=2),
        Preset(name="meters", words="readings of meters, hour by hour", k=15, l=2),
        Preset(name="mobility", words="journeys, parking, places visited", k=10, l=2,
               contributors=10, max_share=0.25),
        # CMS (US) suppresses cells below 11; health is a special category (GDPR article 9).
        Preset(name="health", words="health and care: strict", k=11, l=3, t=0.25,
               suppression_limit=0.10, contributors=11, micro_rho_per_consumer=100_000,
               micro_rho_per_dataset=400_000, delta=1e-9),
        Preset(name="open", words="open data of low sensitivity", k=5, suppression_limit=0.05,
               contributors=5, max_share=0.5),
    )
}  # fmt: skip

DEFAULT = "households"


def preset(name: str) -> Preset:
    """Return the preset of this name; raise PolicyInvalid where there is none."""
    if name not in PRESETS:
        raise PolicyInvalid((f"there is no preset {name!r}: {', '.join(PRESETS)}",))
    return PRESETS[name]


def fitting(kinds: Sequence[str], *, repeated: bool) -> str:
    """Return the preset for what a table holds: kinds of columns, and whether units repeat."""
    if "health" in kinds or "belief" in kinds:
        return "health"
    if repeated and ("meter" in kinds or "consumption" in kinds):
        return "meters"
    if "device" in kinds or "vehicle" in kinds:
        return "mobility"
    return DEFAULT
