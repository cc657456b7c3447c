"""From words to what is looked up: pure, so that it can be tested without an index."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from torvet.catalogue.model import Dataset, Place, Release, Visibility
from torvet.catalogue.vocabulary import (
    FILE_TYPES,
    FREQUENCIES,
    PLACES,
    THEMES,
    around,
    licence,
    place,
)
from torvet.parties.model import Party

PREFIX_LETTERS_MIN = 3
PREFIX_LETTERS_MAX = 12
INDEXED_CHARACTERS_MAX = 40_000
HEAD_WORDS_MAX = 200
SORTED_CHARACTERS_MAX = 120
BEGINNING = "§"
"""Ends the lexemes that are only the beginning of a word: `cyk§`. No word of a text holds it."""

CONFIGURATIONS = {"da": "danish", "en": "english", "": "simple"}
"""The text search configuration of each language; names and codes belong to none."""

_EXCLUDED = re.compile(r'(?<!\S)-("[^"]*"?|[^\s"]+)')
# PostgreSQL reads each as a "not" within the one before, and gives up at some depth.
_DASHES = re.compile(r'-(?:[^\w"]*-)+')
_LEXEME = re.compile(
    r"(?P<before>(?:!|<[-0-9]+>)\s*)?'(?P<word>(?:[^']|'')*)'(?P<after>(?=\s*<[-0-9]+>))?"
)
_WORD = re.compile(r"[^\W_]{4,}")
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")
# After z come æ, ø and å: the bytes after `z` do that for names sorted as bytes.
_DANISH_ORDER = str.maketrans({"æ": "{", "ä": "{", "ø": "|", "ö": "|", "å": "}"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """What a person typed, taken apart: what must be there, and what must not."""

    wanted: str
    excluded: str

    def __bool__(self) -> bool:
        return bool(self.wanted or self.excluded)


def taken_apart(typed: str) -> Words:
    """Take `-word` and `-"some words"` out of what was typed.

    They are apart because each language would otherwise judge them by its own stems: a
    dataset excluded in Danish would be found in English.
    """
    clean = _DASHES.sub(" ", _UNPRINTABLE.sub(" ", typed))
    excluded = " or ".join(hit.group(1) for hit in _EXCLUDED.finditer(clean))
    return Words(wanted=_EXCLUDED.sub(" ", clean).strip(), excluded=excluded)


def loosened(query: str) -> str:
    """Let the words of a tsquery (as PostgreSQL writes it) be the beginning of longer ones too.

    Danish joins words, so who asks for `cykel` wants `cykelsti` as well. Phrases stay as they
    are, and so do words that are too short or too long to have been kept as beginnings.
    """

    def either(hit: re.Match[str]) -> str:
        word = hit["word"]
        fits = PREFIX_LETTERS_MIN <= len(word) <= PREFIX_LETTERS_MAX
        if hit["before"] or hit["after"] is not None or not fits:
            return hit.group(0)
        return f"('{word}' | '{word}{BEGINNING}')"

    return _LEXEME.sub(either, query)


def any_of(queries: Iterable[str]) -> str:
    """Return the tsquery that any of `queries` makes true; the same one is asked once."""
    return " | ".join(f"({query})" for query in dict.fromkeys(queries) if query)


def all_of(*queries: str) -> str:
    """Return the tsquery that all of `queries` make true, leaving out empty ones."""
    return " & ".join(f"({query})" for query in queries if query)


def beginnings(texts: Iterable[str]) -> list[str]:
    """Return the lexemes of how the words in `texts` begin, short of being the whole word."""
    words = dict.fromkeys(word for text in texts for word in _WORD.findall(text.lower()))
    found = {
        word[:length] + BEGINNING
        for word in list(words)[:HEAD_WORDS_MAX]
        for length in range(PREFIX_LETTERS_MIN, min(len(word), PREFIX_LETTERS_MAX + 1))
    }
    return sorted(found)


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """What the index keeps of one dataset.

    `texts` holds, for each language (`` for names) and weight (A to D), what can be found.
    """

    dataset: Dataset
    kind: str
    place: str
    places: tuple[str, ...]
    formats: tuple[str, ...]
    sort_title: str
    texts: dict[tuple[str, str], str]

    @property
    def open(self) -> bool:
        """Say whether anyone may find it."""
        return self.dataset.visibility in {Visibility.PUBLIC, Visibility.METADATA}

    @property
    def beginnings(self) -> list[str]:
        """Return how the words of its title, keywords, place and provider begin."""
        return beginnings(self.head)

    @property
    def head(self) -> list[str]:
        """Return its title, keywords, place and provider."""
        return [self.texts[language, w] for w in "AB" for language in CONFIGURATIONS]

    @property
    def readers(self) -> tuple[str, ...]:
        """Return the parties that may find it, whoever else may."""
        circle = self.dataset.circle if self.dataset.visibility is Visibility.CIRCLE else ()
        return (self.dataset.provider, *circle)


def document_of(dataset: Dataset, release: Release | None, provider: Party) -> Document:
    """Return what the index keeps of `dataset`; `release` is its newest, if it has one."""
    spot = place_code(dataset.place)
    texts: dict[tuple[str, str], str] = {}
    for (language, weight), parts in _texts(dataset, release, provider, spot).items():
        joined = _UNPRINTABLE.sub(" ", " · ".join(part for part in parts if part))
        texts[language, weight] = joined[:INDEXED_CHARACTERS_MAX]
    return Document(
        dataset=dataset,
        kind=provider.kind.value,
        place=spot,
        places=around(spot) or ((spot,) if spot else ()),
        formats=tuple(FILE_TYPES) if release else (),
        sort_title=sort_key(title_of(dataset)),
        texts=texts,
    )


def title_of(dataset: Dataset, language: str = "da") -> str:
    """Return the title in `language`, else in any that there is, else the short name."""
    return dataset.title.get(language) or next(iter(dataset.title.values()), "") or dataset.slug


def place_code(spot: Place | None) -> str:
    """Return the code of a place that is known, else its label or address, else nothing."""
    if spot is None:
        return ""
    known = place(spot.uri) or place(spot.label)
    return known.code if known else (spot.label or spot.uri)


def place_named(name: str) -> str:
    """Return the code of the place called `name`, else `name` itself."""
    known = place(name)
    return known.code if known else name


def sort_key(title: str) -> str:
    """Return what puts `title` in its Danish place when compared byte by byte."""
    return title.casefold().translate(_DANISH_ORDER)[:SORTED_CHARACTERS_MAX]


def both_spellings(name: str) -> str:
    """Return `name`, and as well how else it is spelt where it has an å: Århus, Aarhus."""
    folded = name.casefold()
    other = folded.replace("å", "aa") if "å" in folded else folded.replace("aa", "å")
    return name if other == folded else f"{name} {other}"


def _texts(
    dataset: Dataset, release: Release | None, provider: Party, spot: str
) -> dict[tuple[str, str], list[str]]:
    texts: dict[tuple[str, str], list[str]] = {
        (language, weight): [] for language in CONFIGURATIONS for weight in "ABCD"
    }
    for language, text in dataset.title.items():
        texts[_known(language), "A"].append(both_spellings(text))
    for language, text in dataset.description.items():
        texts[_known(language), "C"].append(text)
    for language in ("da", "en"):
        texts[language, "B"] += [*dataset.keywords, provider.name]
        texts[language, "C"] += _labels(dataset, language)
        texts[language, "D"] += _columns(dataset, release)
    names = [dataset.slug, dataset.id]
    texts["", "A"] += names
    texts["", "B"] += [
        *dataset.keywords,
        both_spellings(provider.name),
        *_names_of_place(dataset, spot),
    ]
    texts["", "D"] += [dataset.attribution, *_columns(dataset, release)]
    return texts


def _known(language: str) -> str:
    return language if language in CONFIGURATIONS else ""


def _labels(dataset: Dataset, language: str) -> list[str]:
    terms = (
        THEMES.get(dataset.theme),
        FREQUENCIES.get(dataset.frequency),
        licence(dataset.licence),
    )
    return [term.label(language) for term in terms if term]


def _names_of_place(dataset: Dataset, spot: str) -> list[str]:
    known = [name for code in around(spot) for name in (PLACES[code].da, PLACES[code].en)]
    label = [dataset.place.label] if dataset.place else []
    return [both_spellings(name) for name in _once([*label, *known])]


def _columns(dataset: Dataset, release: Release | None) -> list[str]:
    written: list[str | None] = []
    for column in release.columns if release else ():
        written += [column.name, column.title, column.description]
    for note in dataset.columns:
        written += [note.name, note.title, note.description]
    return _once(text for text in written if text)


def _once(texts: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(texts))


def clean_values(values: Sequence[str]) -> tuple[str, ...]:
    """Return `values` without repeats, and without what no stored text can equal."""
    return tuple(v for v in dict.fromkeys(values) if v and not _UNPRINTABLE.search(v))
