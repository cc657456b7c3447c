"""What is typed into the form of sharing is read as it is written out again."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from torvet.billing.shares import Member, SharesUnfit, Terms, Way, Worth
from torvet.billing.shares.entering import Typed, percent_of, read, written

NAMES = st.lists(
    st.from_regex(r"[a-z0-9-]{1,12}", fullmatch=True), min_size=1, max_size=6, unique=True
)
COLUMNS = st.lists(
    st.from_regex(r"[A-Za-z_][A-Za-z0-9_ ]{0,8}[A-Za-z0-9]", fullmatch=True),
    min_size=1,
    max_size=4,
)


@st.composite
def terms(draw):
    way = draw(st.sampled_from(Way))
    names = draw(NAMES)
    members = tuple(
        Member(
            party=name,
            weight=draw(st.integers(0, 10**12)) if way is Way.CONTRIBUTION else 1,
            columns=tuple(draw(COLUMNS)) if way is Way.COLUMNS else (),
        )
        for name in names
    )
    worths = ()
    if way is Way.TABLE:
        some = st.lists(st.sampled_from(names), min_size=1, max_size=3).map(tuple)
        worths = tuple(
            Worth(members=each, worth=draw(st.integers(0, 10**12)))
            for each in draw(st.lists(some, max_size=3))
        )
    portion = draw(st.integers(0, 10_000))
    return Terms(portion=portion, way=way, members=members, worths=worths)


@given(terms())
def test_terms_are_read_as_they_are_written(wanted):
    assert read(written(wanted, version=1)) == wanted


@given(st.integers(0, 10_000))
def test_every_hundredth_of_a_percent_is_written_and_read(portion):
    typed = Typed(percent=percent_of(portion).replace(".", ","))

    assert read(typed).portion == portion


@given(st.text(max_size=30), st.text(max_size=60), st.text(max_size=60), st.sampled_from(Way))
def test_whatever_is_typed_is_read_or_refused_in_words(percent, members, worths, way):
    typed = Typed(percent=percent, way=way.value, members=members, worths=worths)

    with suppress(SharesUnfit):
        assert 0 <= read(typed).portion <= 10_000


def test_every_line_that_is_wrong_is_named_up_to_ten():
    with pytest.raises(SharesUnfit) as refused:
        read(Typed(percent="x", members="\n".join(["?"] * 40)))

    assert len(refused.value.faults) == 11
    assert refused.value.faults[-1] == "31 more"
