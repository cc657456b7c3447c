"""A large catalogue that looks like a real one: Danish and English, in the words of cities.

Words are drawn as in any language, few of them often and most of them seldom, and Danish ones
are joined. The same seed gives the same catalogue.
"""

import random
from datetime import UTC, date, datetime, timedelta

from sqlalchemy import Engine, insert, text

from torvet.catalogue import tables
from torvet.catalogue.model import (
    Contact,
    Dataset,
    DatasetId,
    DeliveryId,
    Period,
    Place,
    Release,
    Visibility,
)
from torvet.catalogue.rows import details_to_json
from torvet.catalogue.search import spelling, spelling_store
from torvet.catalogue.search import store as search_store
from torvet.catalogue.search.text import document_of
from torvet.catalogue.vocabulary import FREQUENCIES, LICENCES, PLACES, THEMES
from torvet.ingest.model import Column, ColumnType
from torvet.ingest.schema import columns_to_json
from torvet.parties.model import Party, PartyId, PartyKind
from torvet.parties.tables import parties


def _words(text_of_words):
    return tuple(text_of_words.split())


DANISH = _words("""
    parkering trafik cykel vej bus tog metro havn energi varme fjernvarme el vind sol
    vand spildevand affald genbrug luft støv støj klima skole børnehave ældre sundhed
    hospital kultur bibliotek museum idræt park træ natur skov sø strand bygning bolig
    lokalplan matrikel adresse befolkning indkomst arbejde virksomhed budget regnskab
    indkøb valg kommune borger turisme måling sensor rute station ladestander gade bro
    tunnel ulykke hastighed belægning regn temperatur gas olie landbrug dyr plante kyst
    hav fisk mad butik
""")
ENGLISH = _words("""
    parking traffic bicycle road bus train metro harbour energy heating district power
    wind solar water sewage waste recycling air dust noise climate school nursery
    elderly health hospital culture library museum sport park tree nature forest lake
    beach building housing planning parcel address population income employment company
    budget accounts procurement election municipality citizen tourism measurement sensor
    route station charger street bridge tunnel accident speed surface rain temperature
    gas oil farming animal plant coast sea fish food shop register hourly daily annual
    forecast survey inventory quality index
""")
TAILS = _words("""
    data register oversigt kort tælling måling statistik prognose plan zone plads net
""")
DANISH_GLUE = _words("""
    af og i for fra til med der er på det den de en et som ved over efter om
""")
ENGLISH_GLUE = _words("""
    of and in for from to with that is on the a by at over after which are per
""")

PROVIDERS = 600
NEWEST = datetime(2026, 6, 1, tzinfo=UTC)
SIX_YEARS = Period(start=date(2020, 1, 1), end=date(2025, 12, 31))
MINUTES_BACK = 3_000_000
AT_ONCE = 1000
ZIPF_SHIFT = 30
"""So that the most frequent word is in about one of six datasets, as in real catalogues."""


class Catalogue:
    """Draws parties, datasets and releases from one seed."""

    def __init__(self, seed: int = 2026) -> None:
        self._random = random.Random(seed)
        joined = [
            a + ("s" if len(a) > 5 else "") + b for a in DANISH for b in [*DANISH, *TAILS] if a != b
        ]
        self._random.shuffle(joined)
        self.danish = [*DANISH, *TAILS, *joined]
        self.english = [*ENGLISH, *(f"{a}{b}" for a in ENGLISH for b in ("s", "less", "wise"))]
        self._weights = {
            "da": _zipf(len(self.danish)),
            "en": _zipf(len(self.english)),
            "party": _zipf(PROVIDERS),
        }
        places = [place for place in PLACES.values() if place.within]
        self._places = places
        self.parties = [self._party(number) for number in range(PROVIDERS)]

    def _party(self, number: int) -> Party:
        kind = self._random.choice(
            [PartyKind.PUBLIC, PartyKind.PUBLIC, PartyKind.PRIVATE, PartyKind.RESEARCH]
        )
        place = self._places[number % len(self._places)]
        name = f"{place.da} {self._random.choice(DANISH).title()} {number}"
        return Party(
            id=PartyId(f"org_{number:06d}"), slug=f"provider-{number}", name=name, kind=kind,
            cvr=None, region="DK", registered_at=NEWEST - timedelta(days=2000),
        )  # fmt: skip

    def _drawn(self, language: str, count: int) -> list[str]:
        pool = self.danish if language == "da" else self.english
        return self._random.choices(pool, cum_weights=self._weights[language], k=count)

    def words(self, language: str, count: int) -> list[str]:
        """Draw words of a language, with the small words between them."""
        glue = DANISH_GLUE if language == "da" else ENGLISH_GLUE
        return [
            w
            for word in self._drawn(language, count)
            for w in ((word, self._random.choice(glue)) if self._random.random() < 0.5 else (word,))
        ]

    def dataset(self, number: int) -> tuple[Dataset, Release | None]:
        """Draw one dataset, and its release where it has one."""
        r = self._random
        place = r.choice(self._places)
        party = r.choices(self.parties, cum_weights=self._weights["party"])[0]
        at = NEWEST - timedelta(minutes=r.randint(0, MINUTES_BACK))
        chance = r.random()
        visibility = (
            Visibility.PUBLIC
            if chance < 0.9
            else Visibility.METADATA
            if chance < 0.97
            else Visibility.HIDDEN
        )
        id_ = DatasetId(f"ds_{number:026d}")
        dataset = Dataset(
            id=id_,
            slug=f"dataset-{number}",
            provider=party.id,
            title={
                "da": " ".join([*self.words("da", 3), place.da]).capitalize(),
                "en": " ".join([*self.words("en", 3), place.en]).capitalize(),
            },
            description={
                "da": " ".join(self.words("da", r.randint(10, 50))).capitalize() + ".",
                "en": " ".join(self.words("en", r.randint(10, 50))).capitalize() + ".",
            },
            keywords=tuple(dict.fromkeys(self._drawn("da", 4))),
            theme=r.choice(list(THEMES)),
            licence=r.choice(list(LICENCES)[:6]),
            place=Place(label=place.da),
            period=SIX_YEARS if r.random() < 0.5 else None,
            frequency=r.choice(list(FREQUENCIES)),
            contact=Contact(name=party.name, email="data@example.org"),
            visibility=visibility,
            created_at=at - timedelta(days=30),
            modified_at=at,
        )
        if r.random() < 0.15:
            return dataset, None
        columns = tuple(
            Column(
                name="_".join(self.words("en", 2)),
                type=r.choice(list(ColumnType)[:3]),
                unit=r.choice([None, "m", "kWh"]),
            )
            for _ in range(r.randint(3, 15))
        )
        release = Release(
            dataset=id_,
            number=1,
            mode="append",
            delivery=DeliveryId(f"dl_{number:026d}"),
            sources=(),
            rows=r.randint(1, 10**7),
            bytes=r.randint(1000, 10**9),
            columns=columns,
            published_at=at,
        )
        return dataset, release

    def fill(self, db: Engine, count: int) -> None:
        """Write `count` datasets with all that belongs to them, in bulk."""
        with db.begin() as tx:
            tx.execute(insert(parties), [_party_row(party) for party in self.parties])
        known = {party.id: party for party in self.parties}
        for start in range(0, count, AT_ONCE):
            drawn = [self.dataset(number) for number in range(start, min(start + AT_ONCE, count))]
            with db.begin() as tx:
                tx.execute(insert(tables.datasets), [_dataset_row(dataset) for dataset, _ in drawn])
                tx.execute(
                    insert(tables.releases),
                    [_release_row(release) for _, release in drawn if release],
                )
                written = [
                    document_of(dataset, release, known[dataset.provider])
                    for dataset, release in drawn
                ]
                search_store.write(tx, *written)
                heads = (text for document in written for text in document.head)
                spelling_store.learn(tx, spelling.words_of(heads))
        with db.connect().execution_options(isolation_level="AUTOCOMMIT") as plain:
            plain.execute(text("VACUUM ANALYZE search_documents"))
            plain.execute(text("ANALYZE"))


def _zipf(count: int) -> list[float]:
    total, weights = 0.0, []
    for rank in range(1, count + 1):
        total += 1 / (rank + ZIPF_SHIFT)
        weights.append(total)
    return weights


def _party_row(party: Party) -> dict[str, object]:
    return {c.name: getattr(party, c.name) for c in parties.c if hasattr(party, c.name)}


def _dataset_row(dataset: Dataset) -> dict[str, object]:
    plain = {
        c.name: getattr(dataset, c.name)
        for c in tables.datasets.c
        if c.name not in {"circle", "details"}
    }
    return {**plain, "circle": list(dataset.circle), "details": details_to_json(dataset)}


def _release_row(release: Release) -> dict[str, object]:
    plain = {
        c.name: getattr(release, c.name)
        for c in tables.releases.c
        if c.name not in {"sources", "columns"}
    }
    return {**plain, "sources": list(release.sources), "columns": columns_to_json(release.columns)}
