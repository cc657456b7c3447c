import pytest
from hypothesis import given
from hypothesis import strategies as st

from torvet.catalogue.vocabulary import (
    FREQUENCIES,
    HIGH_VALUE,
    LICENCES,
    PLACES,
    THEMES,
    around,
    high_value,
    licence,
    place,
)

ALL_TERMS = [*THEMES.values(), *FREQUENCIES.values(), *LICENCES.values(), *PLACES.values()]


def test_every_term_has_a_label_in_both_languages():
    assert all(term.da.strip() and term.en.strip() for term in ALL_TERMS)


def test_a_term_is_kept_under_its_own_code():
    assert all(THEMES[code].code == code for code in THEMES)
    assert all(FREQUENCIES[code].code == code for code in FREQUENCIES)
    assert all(PLACES[code].code == code for code in PLACES)
    assert all(LICENCES[uri].uri == uri for uri in LICENCES)


def test_denmark_has_five_regions_98_municipalities_and_christiansoe():
    assert sum(spot.within == "DK" for spot in PLACES.values()) == 5
    assert sum(len(code) == 4 and code.isdigit() for code in PLACES) == 99


@pytest.mark.parametrize("name", ["0751", "Aarhus", "AARHUS", " aarhus "])
def test_a_municipality_is_found_by_code_and_by_name(name):
    assert place(name) == PLACES["0751"]


def test_copenhagen_is_found_in_both_languages():
    assert place("København") == place("Copenhagen") == PLACES["0101"]


def test_a_municipality_lies_within_its_region_and_the_country():
    assert around("0751") == ("0751", "DK04", "DK")


def test_every_place_lies_within_the_country():
    assert all(around(code)[-1] == "DK" for code in PLACES)


def test_a_place_that_is_not_known_lies_nowhere():
    assert around("Atlantis") == ()


@pytest.mark.parametrize(
    "name",
    [
        "https://creativecommons.org/licenses/by/4.0/",
        "http://creativecommons.org/licenses/by/4.0",
        "cc-by",
    ],
)
def test_a_licence_is_found_however_its_address_is_written(name):
    found = licence(name)

    assert found is not None
    assert found.code == "cc-by"
    assert found.is_open


def test_a_category_of_high_value_is_found_by_code_and_address():
    mobility = HIGH_VALUE["c_b79e35eb"]

    assert high_value("c_b79e35eb") == high_value(mobility.uri) == mobility


@given(st.text(max_size=40))
def test_any_text_can_be_looked_up(text):
    for find in (licence, place, high_value):
        found = find(text)
        assert found is None or found in {
            *LICENCES.values(),
            *PLACES.values(),
            *HIGH_VALUE.values(),
        }
