"""The terms that a description is made of: themes, frequencies, licences, places, formats.

Codes are those of the European authority tables, so that a catalogue that reads ours knows
them; every term has a Danish and an English label. Places are the Danish regions and
municipalities (`places.csv`: Geodatastyrelsen and the municipalities, FOT 2014).
"""

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from importlib.resources import files
from types import MappingProxyType

AUTHORITY = "http://publications.europa.eu/resource/authority"


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """One term: its code, its address, and what people call it."""

    code: str
    uri: str
    da: str
    en: str

    def label(self, language: str) -> str:
        """Return the label in `language`, in English where it has none."""
        return self.da if language == "da" else self.en


@dataclass(frozen=True, slots=True, kw_only=True)
class Frequency(Term):
    """How often a dataset is brought up to date; `interval` is None where nobody can say."""

    interval: timedelta | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Licence(Term):
    """Terms of use that many datasets share; `code` is what CKAN calls it."""

    is_open: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Region(Term):
    """A place: the country, a region (NUTS 2) or a municipality (LAU); `within` is its parent.

    No authority gives municipalities addresses that are meant to last, so theirs is empty.
    """

    within: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FileType(Term):
    """A format that the exchange delivers: its media type, and its address at IANA or ''."""

    media_type: str
    iana: str = ""


def _themes() -> dict[str, Term]:
    named = {
        "AGRI": (
            "Landbrug, fiskeri, skovbrug og fødevarer",
            "Agriculture, fisheries, forestry and food",
        ),
        "ECON": ("Økonomi og finans", "Economy and finance"),
        "EDUC": ("Uddannelse, kultur og sport", "Education, culture and sport"),
        "ENER": ("Energi", "Energy"),
        "ENVI": ("Miljø", "Environment"),
        "GOVE": ("Forvaltning og offentlig sektor", "Government and public sector"),
        "HEAL": ("Sundhed", "Health"),
        "INTR": ("Internationale spørgsmål", "International issues"),
        "JUST": (
            "Retssystem, retlige anliggender og offentlig sikkerhed",
            "Justice, legal system and public safety",
        ),
        "REGI": ("Regioner og byer", "Regions and cities"),
        "SOCI": ("Befolkning og samfund", "Population and society"),
        "TECH": ("Videnskab og teknologi", "Science and technology"),
        "TRAN": ("Transport", "Transport"),
        "OP_DATPRO": ("Foreløbige data", "Provisional data"),
    }
    return {
        code: Term(code=code, uri=f"{AUTHORITY}/data-theme/{code}", da=da, en=en)
        for code, (da, en) in named.items()
    }


_DAY = timedelta(days=1)
_HOUR = timedelta(hours=1)
_MINUTE = timedelta(minutes=1)


def _frequencies() -> dict[str, Frequency]:
    named: dict[str, tuple[str, str, timedelta | None]] = {
        "UPDATE_CONT": ("Løbende opdateret", "Continuously updated", _MINUTE),
        "CONT": ("Kontinuerlig", "Continuous", _MINUTE),
        "1MIN": ("Hvert minut", "Every minute", _MINUTE),
        "5MIN": ("Hvert 5. minut", "Every 5 minutes", 5 * _MINUTE),
        "10MIN": ("Hvert 10. minut", "Every 10 minutes", 10 * _MINUTE),
        "15MIN": ("Hvert kvarter", "Every 15 minutes", 15 * _MINUTE),
        "30MIN": ("Hver halve time", "Every 30 minutes", 30 * _MINUTE),
        "HOURLY": ("Hver time", "Hourly", _HOUR),
        "BIHOURLY": ("Hver anden time", "Every two hours", 2 * _HOUR),
        "TRIHOURLY": ("Hver tredje time", "Every three hours", 3 * _HOUR),
        "12HRS": ("Hver 12. time", "Every 12 hours", 12 * _HOUR),
        "DAILY_2": ("To gange om dagen", "Twice a day", 12 * _HOUR),
        "DAILY": ("Dagligt", "Daily", _DAY),
        "WEEKLY_3": ("Tre gange om ugen", "Three times a week", 7 * _DAY / 3),
        "WEEKLY_2": ("To gange om ugen", "Twice a week", 7 * _DAY / 2),
        "WEEKLY": ("Ugentligt", "Weekly", 7 * _DAY),
        "BIWEEKLY": ("Hver anden uge", "Every two weeks", 14 * _DAY),
        "MONTHLY_3": ("Tre gange om måneden", "Three times a month", 31 * _DAY / 3),
        "MONTHLY_2": ("To gange om måneden", "Twice a month", 31 * _DAY / 2),
        "MONTHLY": ("Månedligt", "Monthly", 31 * _DAY),
        "BIMONTHLY": ("Hver anden måned", "Every two months", 62 * _DAY),
        "QUARTERLY": ("Kvartalsvis", "Quarterly", 92 * _DAY),
        "ANNUAL_3": ("Tre gange om året", "Three times a year", 122 * _DAY),
        "ANNUAL_2": ("To gange om året", "Twice a year", 184 * _DAY),
        "ANNUAL": ("Årligt", "Annual", 366 * _DAY),
        "BIENNIAL": ("Hvert andet år", "Every two years", 731 * _DAY),
        "TRIENNIAL": ("Hvert tredje år", "Every three years", 1096 * _DAY),
        "QUADRENNIAL": ("Hvert fjerde år", "Every four years", 1461 * _DAY),
        "QUINQUENNIAL": ("Hvert femte år", "Every five years", 1827 * _DAY),
        "DECENNIAL": ("Hvert tiende år", "Every ten years", 3653 * _DAY),
        "AS_NEEDED": ("Efter behov", "As needed", None),
        "IRREG": ("Uregelmæssigt", "Irregular", None),
        "NOT_PLANNED": ("Ikke planlagt", "Not planned", None),
        "NEVER": ("Aldrig", "Never", None),
        "OTHER": ("Andet", "Other", None),
        "UNKNOWN": ("Ukendt", "Unknown", None),
    }
    return {
        code: Frequency(code=code, uri=f"{AUTHORITY}/frequency/{code}", da=da, en=en, interval=each)
        for code, (da, en, each) in named.items()
    }


def _licences() -> dict[str, Licence]:
    cc, odc = "https://creativecommons.org", "https://opendatacommons.org/licenses"
    named: dict[str, tuple[str, str, str, bool]] = {
        "cc-by": (f"{cc}/licenses/by/4.0/", "CC BY 4.0 Navngivelse", "CC BY 4.0 Attribution", True),
        "cc-zero": (f"{cc}/publicdomain/zero/1.0/", "CC0 1.0 Frit", "CC0 1.0 Public domain", True),
        "cc-by-sa": (
            f"{cc}/licenses/by-sa/4.0/",
            "CC BY-SA 4.0 Navngivelse, del på samme vilkår",
            "CC BY-SA 4.0 Attribution, share alike",
            True,
        ),
        "cc-nc": (
            f"{cc}/licenses/by-nc/4.0/",
            "CC BY-NC 4.0 Navngivelse, ikke kommerciel",
            "CC BY-NC 4.0 Attribution, non-commercial",
            False,
        ),
        "cc-by-nd": (
            f"{cc}/licenses/by-nd/4.0/",
            "CC BY-ND 4.0 Navngivelse, ingen bearbejdelser",
            "CC BY-ND 4.0 Attribution, no derivatives",
            False,
        ),
        "odc-by": (f"{odc}/by/1-0/", "ODC-By 1.0 Navngivelse", "ODC-By 1.0 Attribution", True),
        "odc-odbl": (f"{odc}/odbl/1-0/", "ODbL 1.0", "ODbL 1.0 Open Database Licence", True),
        "odc-pddl": (f"{odc}/pddl/1-0/", "PDDL 1.0 Frit", "PDDL 1.0 Public domain", True),
        "uk-ogl": (
            "https://www.nationalarchives.gov.uk/doc/open-government-licence/version/3/",
            "Open Government Licence 3.0",
            "Open Government Licence 3.0",
            True,
        ),
        "dk-open-data": (
            "https://www.opendata.dk/open-data-dk/open-data-dk-licens",
            "Open Data DK-licens",
            "Open Data DK licence",
            True,
        ),
        "apache": (
            "https://www.apache.org/licenses/LICENSE-2.0",
            "Apache 2.0",
            "Apache 2.0",
            True,
        ),
    }
    return {
        uri: Licence(code=code, uri=uri, da=da, en=en, is_open=is_open)
        for code, (uri, da, en, is_open) in named.items()
    }


_NUTS = "http://data.europa.eu/nuts/code"
_COUNTRY = Region(code="DK", uri=f"{AUTHORITY}/country/DNK", da="Danmark", en="Denmark")
_REGIONS = {
    "DK-81": ("DK05", "Region Nordjylland", "North Denmark Region"),
    "DK-82": ("DK04", "Region Midtjylland", "Central Denmark Region"),
    "DK-83": ("DK03", "Region Syddanmark", "Region of Southern Denmark"),
    "DK-84": ("DK01", "Region Hovedstaden", "Capital Region of Denmark"),
    "DK-85": ("DK02", "Region Sjælland", "Region Zealand"),
}
# Names that changed after the file was made.
_RENAMED = {
    "Århus": "Aarhus",
    "Brønderslev-Dronninglund": "Brønderslev",
    "Vesthimmerland": "Vesthimmerlands",
}


def _places() -> dict[str, Region]:
    places = {"DK": _COUNTRY}
    for code, da, en in _REGIONS.values():
        places[code] = Region(code=code, uri=f"{_NUTS}/{code}", da=da, en=en, within="DK")
    table = files(__package__).joinpath("places.csv").read_text(encoding="utf-8")
    for row in csv.DictReader(table.splitlines()):
        code = row["lau_1"].zfill(4)
        places[code] = Region(
            code=code,
            uri="",
            da=_RENAMED.get(row["label_dk"], row["label_dk"]),
            en=_RENAMED.get(row["label_en"], row["label_en"]),
            within=_REGIONS[row["iso_3166_2"]][0],
        )
    return places


def _file_types() -> dict[str, FileType]:
    iana, eu = "https://www.iana.org/assignments/media-types", f"{AUTHORITY}/file-type"
    # IANA knows no NDJSON, and the file types of the Union neither NDJSON nor Arrow streams.
    named = {
        "json": ("JSON", "application/json", f"{eu}/JSON", f"{iana}/application/json"),
        "csv": ("CSV", "text/csv", f"{eu}/CSV", f"{iana}/text/csv"),
        "ndjson": ("NDJSON", "application/x-ndjson", f"{eu}/JSON", ""),
        "parquet": (
            "Parquet",
            "application/vnd.apache.parquet",
            f"{eu}/PARQUET",
            f"{iana}/application/vnd.apache.parquet",
        ),
        "arrow": (
            "Arrow",
            "application/vnd.apache.arrow.stream",
            "",
            f"{iana}/application/vnd.apache.arrow.stream",
        ),
    }
    return {
        code: FileType(code=code, uri=uri, da=name, en=name, media_type=media_type, iana=at)
        for code, (name, media_type, uri, at) in named.items()
    }


def _languages() -> dict[str, Term]:
    return {
        "da": Term(code="da", uri=f"{AUTHORITY}/language/DAN", da="Dansk", en="Danish"),
        "en": Term(code="en", uri=f"{AUTHORITY}/language/ENG", da="Engelsk", en="English"),
    }


def _high_value() -> dict[str, Term]:
    bna = "http://data.europa.eu/bna"
    named = {
        "c_ac64a52d": ("Geospatiale data", "Geospatial"),
        "c_dd313021": ("Jordobservation og miljø", "Earth observation and environment"),
        "c_164e0bf5": ("Meteorologi", "Meteorological"),
        "c_e1da4e07": ("Statistik", "Statistics"),
        "c_a9135398": ("Virksomheder og ejerskab", "Companies and company ownership"),
        "c_b79e35eb": ("Mobilitet", "Mobility"),
    }
    return {
        code: Term(code=code, uri=f"{bna}/{code}", da=da, en=en) for code, (da, en) in named.items()
    }


def _kinds() -> dict[str, Term]:
    adms = "http://purl.org/adms/publishertype"
    named = {
        "public": ("LocalAuthority", "Offentlig", "Public"),
        "private": ("Company", "Privat", "Private"),
        "research": ("Academia-ScientificOrganisation", "Forskning", "Research"),
        "citizen": ("PrivateIndividual(s)", "Borger", "Citizen"),
    }
    return {
        code: Term(code=code, uri=f"{adms}/{name}", da=da, en=en)
        for code, (name, da, en) in named.items()
    }


HVD_REGULATION = "http://data.europa.eu/eli/reg_impl/2023/138/oj"
"""The regulation that names the high-value datasets."""

THEMES: Mapping[str, Term] = MappingProxyType(_themes())
FREQUENCIES: Mapping[str, Frequency] = MappingProxyType(_frequencies())
LICENCES: Mapping[str, Licence] = MappingProxyType(_licences())
"""By address; `licence` finds one by its CKAN code or a variant of the address too."""
PLACES: Mapping[str, Region] = MappingProxyType(_places())
FILE_TYPES: Mapping[str, FileType] = MappingProxyType(_file_types())
KINDS: Mapping[str, Term] = MappingProxyType(_kinds())
"""Kinds of provider, by the codes of `torvet.parties`."""
LANGUAGES: Mapping[str, Term] = MappingProxyType(_languages())
HIGH_VALUE: Mapping[str, Term] = MappingProxyType(_high_value())


def _plain(uri: str) -> str:
    return uri.strip().lower().removeprefix("https://").removeprefix("http://").rstrip("/")


_LICENCE_NAMES = {
    name: found for found in LICENCES.values() for name in (found.code, _plain(found.uri))
}
_PLACE_NAMES = {
    name.lower(): place
    for place in PLACES.values()
    for name in (place.code, place.uri, place.da, place.en)
    if name
}
_HIGH_VALUE_NAMES = {
    name: term for term in HIGH_VALUE.values() for name in (term.code, _plain(term.uri))
}


def licence(name: str) -> Licence | None:
    """Find a licence by its address, with or without `https` and the last slash, or CKAN code."""
    return _LICENCE_NAMES.get(_plain(name))


def place(name: str) -> Region | None:
    """Find a place by its code, address or name in either language, whatever the case."""
    return _PLACE_NAMES.get(name.strip().lower())


def high_value(name: str) -> Term | None:
    """Find a category of high-value datasets by its code or address."""
    return _HIGH_VALUE_NAMES.get(_plain(name))


def around(code: str) -> tuple[str, ...]:
    """Return the codes of a place and of all that it lies within, from small to large."""
    codes = []
    while code in PLACES:
        codes.append(code)
        code = PLACES[code].within
    return tuple(codes)


def frequency_in_words(code: str, language: str) -> str:
    """Return how often something is brought up to date, or '' where that is not known."""
    known = FREQUENCIES.get(code)
    return known.label(language) if known else ""
