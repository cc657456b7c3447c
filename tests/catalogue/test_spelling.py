"""Words that were nearly typed are found, and nobody learns of a hidden one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from torvet.catalogue.search import spelling

LETTERS = "abcdeghijklmnoprstuvyæøå"
WORDS = st.text(LETTERS, min_size=4, max_size=14)


@st.composite
def mistyped(draw):
    """A word, and the same with one letter more, less, changed or swapped with its neighbour."""
    word = draw(WORDS)
    at = draw(st.integers(0, len(word) - 2))
    letter = draw(st.sampled_from(LETTERS))
    head, tail = word[:at], word[at:]
    slips = (tail[1:], letter + tail, letter + tail[1:], tail[1] + tail[0] + tail[2:])
    return word, head + draw(st.sampled_from(slips))


@given(mistyped())
def test_a_word_and_its_mistyping_have_a_text_in_common(pair):
    word, typed = pair

    assert set(spelling.shortened(word)) & set(spelling.shortened(typed))
    assert spelling.faults(word, typed) <= 1


@given(WORDS, WORDS)
def test_faults_are_the_same_from_either_side(one, other):
    assert spelling.faults(one, other) == spelling.faults(other, one)
    assert (spelling.faults(one, other) == 0) == (one == other)


def test_what_is_excluded_is_not_guessed_at():
    assert spelling.typed('parkerng -prisr "til leje"') == ["parkerng", "leje"]
    assert spelling.respelt("Parkerng -parkerng", {"parkerng": "parkering"}) == (
        "parkering -parkerng"
    )


@pytest.fixture
def ask(nobody):
    def answer(q, who=nobody, **more):
        said = who.get("/api/datasets", params={"q": q, **more})
        return [item["slug"] for item in said["items"]], said["searched_instead"]

    return answer


@pytest.mark.parametrize("q", ["parkerng", "parkkering", "pakrering", "Parkerinh", "parkernig"])
def test_a_word_that_was_nearly_typed_is_found_and_said_so(alma, ask, q):
    slug = alma.describe(title={"da": "Parkering ved havnen"}, theme="TRAN")["slug"]

    found, instead = ask(q, page_size=100)

    assert slug in found
    assert instead == "parkering"


def test_a_word_that_finds_something_is_taken_as_it_is(alma, ask):
    slug = alma.describe(title={"da": "Parketgulve"})["slug"]

    assert ask("parketgulve") == ([slug], "")


def test_nobody_learns_of_a_hidden_word_by_mistyping_it(alma, bo, ask):
    slug = alma.describe(title={"da": "Spildevandsanlæg"}, visibility="hidden")["slug"]

    assert ask("spildevandsanlag", who=bo) == ([], "")
    assert ask("spildevandsanlag") == ([], "")
    assert ask("spildevandsanlag", who=alma) == ([slug], "spildevandsanlæg")


def test_a_page_says_what_was_searched_for_instead(alma, nobody):
    alma.describe(title={"da": "Lygtepæle langs kysten"})

    page = nobody.client.get("/datasets", params={"q": "lygtepele"}).text

    assert "Nothing fits “lygtepele”" in page
    assert "for “lygtepæle”" in page
