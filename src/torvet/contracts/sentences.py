"""Sentences in the two languages of the exchange, and how values are said in them."""

from dataclasses import dataclass
from datetime import datetime

from torvet.kit.moments import PLACE_ZONE

LANGUAGES = ("da", "en")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sentence:
    """One sentence, said in Danish and in English; as a `str` it is English."""

    da: str
    en: str

    def __str__(self) -> str:
        return self.en

    def __getitem__(self, language: str) -> str:
        """Return the sentence in `language`; in English where it is another."""
        return self.da if language == "da" else self.en

    def by_language(self) -> dict[str, str]:
        return {"da": self.da, "en": self.en}


def listed(names: tuple[str, ...], shown: int = 20) -> Sentence:
    """Say a list of names, the first `shown` of them."""
    said = ", ".join(names[:shown])
    left = len(names) - shown
    if left <= 0:
        return Sentence(da=said, en=said)
    return Sentence(da=f"{said} og {left} til", en=f"{said} and {left} more")


def count(number: int) -> Sentence:
    """Say a number with its thousands marked."""
    return Sentence(da=f"{number:,}".replace(",", "."), en=f"{number:,}")


def moment(at: datetime) -> Sentence:
    """Say an instant in the place's own time."""
    local = at.astimezone(PLACE_ZONE)
    return Sentence(da=f"{local:%d.%m.%Y kl. %H.%M}", en=f"{local:%Y-%m-%d %H:%M}")
