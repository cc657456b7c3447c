from dataclasses import replace
from datetime import UTC, date, datetime

from hypothesis import given
from hypothesis import strategies as st

from torvet.catalogue.findings import (
    Aspect,
    ColumnProfile,
    Dimension,
    Finding,
    Profile,
    QualityReport,
)
from torvet.catalogue.model import (
    BoundingBox,
    Check,
    Dataset,
    Period,
    Place,
    Preview,
    Visibility,
)
from torvet.catalogue.rules import (
    differences,
    faults,
    may_see,
    pruned_profile,
    pruned_quality,
    same_form,
    shown,
)
from torvet.ingest.model import Column, ColumnType

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
PARKING = Dataset(
    id="ds_1",
    slug="parking",
    provider="aarhus",
    title={"en": "Parking"},
    visibility=Visibility.PUBLIC,
    circle=("startup",),
    created_at=NOON,
    modified_at=NOON,
)
OPENNESS = [Visibility.HIDDEN, Visibility.CIRCLE, Visibility.METADATA, Visibility.PUBLIC]

columns = st.lists(
    st.builds(
        Column,
        name=st.sampled_from("abcde"),
        type=st.sampled_from([ColumnType.INTEGER, ColumnType.NUMBER, ColumnType.TEXT]),
    ),
    unique_by=lambda column: column.name,
    min_size=1,
)
parties = st.sampled_from([None, "aarhus", "startup", "stranger"])


def test_a_hidden_dataset_is_seen_by_its_provider_alone():
    hidden = replace(PARKING, visibility=Visibility.HIDDEN)

    assert may_see(hidden, "aarhus")
    assert not may_see(hidden, "startup")
    assert not may_see(hidden, None)


def test_a_dataset_for_a_circle_is_seen_by_the_parties_in_it():
    circle = replace(PARKING, visibility=Visibility.CIRCLE)

    assert may_see(circle, "startup")
    assert not may_see(circle, "stranger")
    assert not may_see(circle, None)


def test_metadata_only_shows_no_value_to_anyone_but_its_provider():
    described = replace(PARKING, visibility=Visibility.METADATA)

    assert may_see(described, None)
    assert not shown(described, "startup").shows("garage")
    assert shown(described, "aarhus").shows("garage")


def test_a_withdrawn_dataset_is_seen_by_its_provider_alone():
    withdrawn = replace(PARKING, withdrawn_at=NOON)

    assert not may_see(withdrawn, "stranger")
    assert may_see(withdrawn, "aarhus")


@given(st.sampled_from(list(Visibility)), parties)
def test_values_are_never_shown_of_what_may_not_be_seen(visibility, party):
    dataset = replace(PARKING, visibility=visibility)

    assert may_see(dataset, party) or not shown(dataset, party).shows("garage")


@given(st.sampled_from(list(Visibility)), parties)
def test_its_provider_sees_all_that_anyone_sees(visibility, party):
    dataset = replace(PARKING, visibility=visibility)

    assert shown(dataset, "aarhus").shows("x") or not shown(dataset, party).shows("x")


@given(st.lists(st.sampled_from("abc")), st.integers(0, 3))
def test_a_pruned_profile_holds_values_of_shown_columns_alone(names, rows):
    profile = Profile(
        rows=3,
        made_at=NOON,
        columns=tuple(
            ColumnProfile(
                name=name,
                type=ColumnType.INTEGER,
                rows=3,
                nulls=0,
                distinct=2,
                minimum=1,
                maximum=7,
                examples=(1, 7),
            )
            for name in "abc"
        ),
    )

    preview = Preview(columns=tuple(names), rows=rows)

    for column in pruned_profile(profile, preview).columns:
        if rows and column.name in names:
            assert column.maximum == 7
        else:
            assert column.withheld
            assert (column.minimum, column.maximum, column.examples) == (None, None, ())


def test_a_pruned_quality_report_quotes_no_value_of_a_withheld_column():
    finding = Finding(
        sentence="It fails in 3 rows.",
        examined=9,
        failed=3,
        detail="Where garage is BRUUNS.",
        shows=("garage",),
    )
    report = QualityReport(
        score=66,
        sentence="",
        made_at=NOON,
        dimensions=(
            Dimension(
                aspect=Aspect.VALIDITY, score=66, weight=25, sentence="", findings=(finding,)
            ),
        ),
    )

    kept = pruned_quality(report, Preview(columns=("garage",), rows=5))
    pruned = pruned_quality(report, Preview(columns=("ts",), rows=5))

    assert "BRUUNS" in repr(kept)
    assert "BRUUNS" not in repr(pruned)
    assert "fails in 3 rows" in repr(pruned)


def test_each_difference_of_a_schema_is_named():
    held = (
        Column(name="garage", type=ColumnType.TEXT),
        Column(name="ts", type=ColumnType.TIMESTAMP),
        Column(name="occupied", type=ColumnType.INTEGER),
    )
    arriving = (
        Column(name="garage", type=ColumnType.TEXT),
        Column(name="occupied", type=ColumnType.TEXT),
        Column(name="free", type=ColumnType.INTEGER),
    )

    assert differences(held, arriving) == (
        "column 'ts' is missing",
        "column 'free' is new",
        "column 'occupied' is text and was integer",
    )


def test_integers_fit_where_numbers_are_but_not_the_other_way_round():
    number = (Column(name="a", type=ColumnType.NUMBER),)
    integer = (Column(name="a", type=ColumnType.INTEGER),)

    assert differences(number, integer) == ()
    assert differences(integer, number)


def test_a_decimal_fits_where_there_are_enough_digits_on_both_sides():
    def decimal(precision, scale):
        return (Column(name="a", type=ColumnType.DECIMAL, precision=precision, scale=scale),)

    assert differences(decimal(18, 4), decimal(10, 2)) == ()
    assert differences(decimal(18, 2), decimal(18, 4))
    assert differences(decimal(10, 4), decimal(10, 2))


@given(columns)
def test_what_is_there_can_always_be_appended_to_itself_in_any_order(held):
    assert differences(held, list(reversed(held))) == ()
    assert same_form(held, held)


@given(columns, columns)
def test_files_of_the_same_form_never_differ(held, arriving):
    assert not same_form(held, arriving) or differences(held, arriving) == ()


def test_every_fault_of_a_description_is_named():
    wrong = replace(
        PARKING,
        slug="Parking lots",
        title={"en": " "},
        theme="CARS",
        frequency="SOMETIMES",
        visibility=Visibility.CIRCLE,
        circle=(),
        period=Period(start=date(2026, 2, 1), end=date(2026, 1, 1)),
        place=Place(bbox=BoundingBox(west=11, south=57, east=10, north=56)),
        key=("garage", "garage"),
        checks=(Check(rule="occupied <="),),
        hvd_category="cars",
    )

    found = " ".join(faults(wrong))

    for word in (
        "slug",
        "title",
        "CARS",
        "SOMETIMES",
        "circle",
        "period",
        "corner",
        "twice",
        "occupied <=",
        "high-value",
    ):
        assert word in found
    assert faults(PARKING) == ()
