"""Searching the catalogue as people do, over the real index."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from examples import examples
from torvet.catalogue.search import store as search_store
from torvet.catalogue.search.model import Sort, Wish
from torvet.catalogue.search.service import find, search
from torvet.catalogue.search.text import both_spellings, loosened, sort_key, taken_apart
from torvet.parties import ANONYMOUS


@pytest.fixture
def publish(alma, parts, parking):
    """Describe datasets of Alma's: `publish("bikes", title={...})`."""

    def make(slug, **more):
        made = alma.describe(slug, **more)
        return made["slug"]

    return make


@pytest.fixture
def found(nobody):
    """Return the short names that a search finds, in order."""

    def ask(q="", who=nobody, **more):
        answer = who.get("/api/datasets", params={"q": q, **more})
        return [item["slug"] for item in answer["items"]]

    return ask


@pytest.fixture(autouse=True)
def _empty_catalogue(parts):
    with parts.db.begin() as tx:
        for table in ("search_documents", "releases", "datasets", "parties"):
            tx.exec_driver_sql(f"truncate {table} cascade")


BIKES = {"da": "Cykelstier i kommunen", "en": "Bicycle tracks of the municipality"}
BUSES = {"da": "Busser i drift", "en": "Buses in service"}


@pytest.mark.parametrize("q", ["cykelsti", "Cykelstierne", "bicycles", "TRACK", "cykel"])
def test_words_are_found_in_both_languages_however_they_are_bent(publish, found, q):
    publish("bikes", title=BIKES)
    publish("buses", title=BUSES)

    assert found(q) == ["bikes"]


def test_the_beginning_of_a_word_finds_it_while_it_is_typed(publish, found):
    publish("bikes", title=BIKES)

    assert found("cyk") == found("cykels") == found("municip") == ["bikes"]


def test_small_words_do_not_stand_in_the_way(publish, found):
    publish("bikes", title=BIKES)

    assert found("the tracks of the municipality") == ["bikes"]
    assert found("cykelstier i en kommune") == ["bikes"]


def test_aarhus_is_found_however_it_is_spelt(publish, found):
    publish("new", title={"da": "Parkering i Aarhus"})
    publish("old", title={"da": "Parkering i Århus"})

    assert set(found("århus")) == set(found("aarhus")) == {"new", "old"}


def test_what_is_excluded_in_one_language_is_excluded_in_all(publish, found):
    publish("bikes", title=BIKES, description={"da": "Tællinger fra stierne"})
    publish("paths", title={"da": "Cykelstier med belysning"})

    assert found("cykelsti -belysninger") == ["bikes"]
    assert found("cykelsti -tælling") == ["paths"]


def test_words_in_quotes_stand_side_by_side(publish, found):
    publish("red", title={"en": "Red buses and green trams"})

    assert found('"green trams"') == ["red"]
    assert found('"green buses"') == []


def test_a_title_weighs_more_than_a_keyword_and_that_more_than_a_description(publish, found):
    publish("described", title={"en": "Counts"}, description={"en": "Where people park cars"})
    publish("tagged", title={"en": "Counts"}, keywords=["cars"])
    publish("titled", title={"en": "Cars"})

    assert found("cars") == ["titled", "tagged", "described"]


def test_columns_and_their_meaning_are_found(alma, found, parking):
    alma.describe(
        "garages", columns=[{"name": "occupied", "description": "Belagte pladser lige nu"}]
    )
    alma.publish("garages", parking())

    assert found("occupied") == found("belagte") == ["garages"]


def test_the_provider_and_the_place_are_found(publish, found):
    publish("bikes", title=BIKES, place={"label": "Aarhus"})

    assert found("Midtjylland") == found("aarhus") == ["bikes"]


def test_a_place_includes_what_lies_within_it(publish, found):
    publish("aarhus", place={"label": "Aarhus"})
    publish("copenhagen", place={"label": "København"})

    assert found(place="DK04") == found(place="aarhus") == ["aarhus"]
    assert set(found(place="Danmark")) == {"aarhus", "copenhagen"}


def test_a_search_is_narrowed_by_any_of_the_values_of_each_filter(publish, found):
    publish("a", theme="TRAN", frequency="DAILY")
    publish("b", theme="ENER", frequency="DAILY")
    publish("c", theme="ENER", frequency="ANNUAL")

    assert set(found(theme=["TRAN", "ENER"])) == {"a", "b", "c"}
    assert found(theme="ENER", frequency="DAILY") == ["b"]
    assert found(theme="nonsense") == []


def test_facets_count_what_would_be_left(publish, nobody):
    publish("a", theme="TRAN", place={"label": "Aarhus"})
    publish("b", theme="ENER", place={"label": "Odense"})
    publish("c", theme="ENER")

    facets = nobody.get("/api/datasets")["facets"]

    assert [(one["value"], one["count"]) for one in facets["theme"]] == [("ENER", 2), ("TRAN", 1)]
    assert facets["theme"][0]["label"] == {"da": "Energi", "en": "Energy"}
    assert [(one["value"], one["count"]) for one in facets["place"]] == [("0461", 1), ("0751", 1)]
    assert [one["count"] for one in facets["kind"]] == [3]


def test_a_dataset_can_be_read_in_formats_once_it_has_a_release(alma, nobody, found, parking):
    alma.describe("garages")
    assert found(format="csv") == []

    alma.publish("garages", parking(rows=12))

    [item] = nobody.get("/api/datasets", params={"format": "csv"})["items"]
    assert item["release"]["number"] == 1
    assert item["release"]["rows"] == 12
    assert "parquet" in item["formats"]


def test_lists_are_sorted_by_age_and_by_danish_title(publish, found, clock):
    for slug, title in (("oe", "Ørreder"), ("aa", "Ål"), ("z", "Zebraer"), ("a", "Aborrer")):
        publish(slug, title={"da": title})
        clock.advance(minutes=1)

    assert found(sort="title") == ["a", "z", "oe", "aa"]
    assert found(sort="newest") == found() == ["a", "z", "aa", "oe"]
    assert found(sort="oldest") == ["oe", "aa", "z", "a"]


def test_pages_give_each_dataset_once(publish, nobody):
    made = {publish(f"d-{number}") for number in range(7)}

    pages = [nobody.get("/api/datasets", params={"page": n, "page_size": 3}) for n in (1, 2, 3, 4)]

    assert [len(page["items"]) for page in pages] == [3, 3, 1, 0]
    assert {item["slug"] for page in pages for item in page["items"]} == made
    assert {page["total"] for page in pages} == {7}


def test_hidden_datasets_are_found_by_their_provider_alone(alma, bo, found):
    alma.describe("secret", visibility="hidden", title={"en": "Secret garages"})

    assert found("secret", who=alma) == ["secret"]
    assert found("secret", who=bo) == found("secret") == []


def test_a_circle_finds_what_is_shared_with_it(alma, bo, carla, found):
    alma.describe("shared", visibility="circle", circle=[bo.party])

    assert found(who=alma) == found(who=bo) == ["shared"]
    assert found(who=carla) == found() == []


def test_what_is_hidden_counts_in_no_facet(alma, nobody):
    alma.describe("secret", visibility="hidden", theme="TRAN")

    assert nobody.get("/api/datasets")["facets"]["theme"] == []


def test_a_change_is_found_at_once_and_what_it_replaced_no_more(alma, found):
    made = alma.describe("changing", title={"en": "Lanterns"})
    alma.send(
        "PATCH", "/api/datasets/changing", {"title": {"en": "Bridges"}},
        headers={"If-Match": f'"v{made["version"]}"'},
    )  # fmt: skip

    assert found("bridges") == ["changing"]
    assert found("lanterns") == []


@pytest.mark.parametrize(
    "params",
    [
        {"page": 0}, {"page": -1}, {"page": 10**9}, {"page_size": 101}, {"page_size": "many"},
        {"q": "x" * 201}, {"sort": "luck"}, {"theme": ["x"] * 51},
    ],
)  # fmt: skip
def test_what_is_beyond_the_limits_is_refused_with_words(nobody, params):
    answer = nobody.get("/api/datasets", expected=422, params=params)

    assert answer["code"] == "request-invalid"


ODD = ["", " ", "-", '"', '""', "!!!", "a & | ! b", "(((", ":*", "<->", "'; drop table x", "\\",
       '-"', "or", "and or", "§64", "§", "%00", "\x00", "\U0001f6b2", "a" * 200, "-a -b", "ﬀ"]  # fmt: skip


@pytest.mark.parametrize("odd", ODD)
def test_odd_words_find_nothing_or_something_but_never_break(publish, nobody, odd):
    publish("bikes", title=BIKES)

    for name in (
        "q",
        "theme",
        "licence",
        "provider",
        "format",
        "frequency",
        "place",
        "kind",
        "tag",
    ):
        assert nobody.get("/api/datasets", params={name: odd})["total"] in {0, 1}


@given(st.text(max_size=80))
@settings(
    max_examples=examples(150),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_any_text_can_be_searched_for(parts, typed):
    assert search(parts, ANONYMOUS, Wish(q=typed)).counts.total == 0


@given(st.text())
def test_taking_a_query_apart_takes_nothing_unprintable_on(typed):
    words = taken_apart(typed)

    assert not any(ord(sign) < 32 for sign in words.wanted + words.excluded)


@pytest.mark.parametrize(
    ("query", "loose"),
    [
        ("'cykel'", "('cykel' | 'cykel§')"),
        ("'a' & 'bus'", "'a' & ('bus' | 'bus§')"),
        ("'red' <-> 'bus'", "'red' <-> 'bus'"),
        ("!'bus' & 'tog'", "!'bus' & ('tog' | 'tog§')"),
        ("'it''s'", "('it''s' | 'it''s§')"),
    ],
)
def test_words_but_not_phrases_and_exclusions_may_begin_longer_ones(query, loose):
    assert loosened(query) == loose


@given(st.lists(st.sampled_from(["Ål", "Zebra", "Ærø", "Ørsted", "abe", "Århus"]), max_size=6))
def test_danish_letters_come_last(names):
    order = ["abe", "Zebra", "Ærø", "Ørsted", "Ål", "Århus"]

    assert sorted(names, key=sort_key) == sorted(names, key=order.index)


def test_a_name_without_the_letter_has_one_spelling():
    assert both_spellings("Odense") == "Odense"
    assert both_spellings("Århus") == "Århus aarhus"
    assert both_spellings("Aarhus") == "Aarhus århus"


@pytest.fixture
def many(publish, alma, parts):
    """A catalogue of 4,000: the index alone, since search reads nothing else to count."""
    publish("pattern-1", title={"en": "Traffic counts"}, theme="TRAN")
    publish("pattern-2", title={"en": "Energy prices"}, theme="ENER")
    columns = ", ".join(
        c.name for c in search_store.documents.c if c.name not in {"dataset", "words"}
    )
    with parts.db.begin() as tx:
        names = (
            tx.exec_driver_sql("select dataset from search_documents order by 1").scalars().all()
        )
        for number in range(4000):
            copied = f"ds_copy{number:06d}"
            marks = "".join(f" || '{mark}:1'::tsvector" for mark in search_store.marks_of(copied))
            tx.exec_driver_sql(
                f"insert into search_documents (dataset, words, {columns}) "
                f"select '{copied}', ts_delete(words, '{{§16,§64}}'::text[]){marks}, {columns} "
                f"from search_documents "
                f"where dataset = '{names[number % 4 == 0]}'"
            )
    return parts


def test_counts_of_many_are_estimates_that_say_so_and_come_close(many):
    with many.db.begin() as tx:
        exact = find(tx, None, Wish(exact=True, limit=0)).counts
        estimated = find(tx, None, Wish(limit=0)).counts

    assert exact.total == 4002
    assert not exact.approximate
    assert estimated.approximate
    assert abs(estimated.total - 4002) < 800
    assert estimated.facets["theme"]["TRAN"] > estimated.facets["theme"]["ENER"]


def test_many_are_ranked_as_far_as_anyone_reads_and_listed_once(many):
    with many.db.begin() as tx:
        query = search_store.understand(tx, taken_apart("traffic"))
        chosen = search_store.conditions(Wish(), None)
        listed = [
            dataset
            for offset in range(0, 3200, 100)
            for dataset in search_store.page(
                tx, Wish(q="traffic", offset=offset, limit=100), query, chosen, 3001
            )
        ]

    assert len(listed) == len(set(listed)) == 3001


@pytest.mark.parametrize("sort", list(Sort))
def test_every_order_gives_every_dataset_once(publish, parts, sort):
    for number in range(5):
        publish(f"bus-{number}", title={"en": f"Buses {number}"})

    pages = [
        [
            hit.dataset.slug
            for hit in search(parts, ANONYMOUS, Wish(q="bus", sort=sort, offset=at, limit=2)).hits
        ]
        for at in (0, 2, 4)
    ]

    assert sorted(slug for page in pages for slug in page) == [f"bus-{n}" for n in range(5)]
