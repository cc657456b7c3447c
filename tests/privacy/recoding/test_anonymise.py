"""Rows in, a release out; whatever is wrong is said, and nothing weaker is given in silence."""

from collections import Counter
from itertools import pairwise
from pathlib import Path

import deltalake
import pyarrow as pa
import pyarrow.csv as pv
import pyarrow.parquet as pq
import pytest

from torvet.privacy import (
    DeltaPresence,
    Hierarchy,
    KAnonymity,
    KMap,
    LDiversity,
    TCloseness,
    anonymise,
    risk,
    utility,
)
from torvet.privacy.errors import (
    ColumnsInvalid,
    HierarchyMissesValue,
    KExceedsRows,
    ModelsInvalid,
    NothingSafe,
    SourceUnreadable,
)

ADULT = Path(__file__).parents[3] / "examples" / "adult"
QUASI = (
    "sex",
    "age",
    "race",
    "marital-status",
    "education",
    "native-country",
    "workclass",
    "occupation",
)
AGES = Hierarchy.intervals(0, 100, (10, 50))
SEXES = Hierarchy.from_paths([("f", "*"), ("m", "*")], name="sexes")
BOTH = {"age": AGES, "sex": SEXES}


def people(*, ages=(31, 32, 33, 34, 71, 72, 73, 74), sexes="ffmmffmm", ills="abababab"):
    return pa.table(
        {
            "name": [f"n{at}" for at in range(len(ages))],
            "age": ages,
            "sex": list(sexes),
            "ill": list(ills),
        }
    )


@pytest.fixture(scope="module")
def adult():
    return pv.read_csv(ADULT / "adult.csv.gz", parse_options=pv.ParseOptions(delimiter=";"))


@pytest.fixture(scope="module")
def levels():
    return {name: Hierarchy.from_csv(ADULT / f"adult_hierarchy_{name}.csv") for name in QUASI}


@pytest.mark.parametrize(
    ("metric", "limit", "optimum"),
    [
        ("discernibility", 0.05, 7_220_555),
        ("loss", 0.05, 0.261757),
        ("entropy", 0.0, 382_871.41),
    ],
)
def test_adult_has_the_optimum_that_arx_finds(adult, levels, metric, limit, optimum):
    result = anonymise(
        adult,
        quasi_identifiers=levels,
        models=[KAnonymity(5)],
        suppression_limit=limit,
        metric=metric,
    )

    assert result.optimum == pytest.approx(optimum, rel=2e-6)
    assert result.nodes == 6480
    assert result.suppressed <= limit * adult.num_rows
    assert result.risk.k >= 5
    assert getattr(result.utility, metric) == pytest.approx(result.optimum)
    assert result.table.num_rows == result.rows - result.suppressed
    again = risk.report(result.table, QUASI)
    assert (again.k, again.classes, again.marketer) == (
        result.risk.k,
        result.risk.classes,
        result.risk.marketer,
    )
    cost = utility.report(adult, levels, result.transformation, 5)
    assert cost.loss == pytest.approx(result.utility.loss)


@pytest.mark.slow
def test_a_file_a_delta_table_and_a_stream_give_the_same_release(adult, levels, tmp_path):
    asked = {"quasi_identifiers": levels, "models": [KAnonymity(5)]}
    whole = anonymise(adult, **asked)
    pq.write_table(adult, tmp_path / "adult.parquet", row_group_size=7000)
    deltalake.write_deltalake(tmp_path / "delta", adult)
    sources = [
        ADULT / "adult.csv.gz",
        tmp_path / "adult.parquet",
        tmp_path / "delta",
        [str(tmp_path / "adult.parquet")],
        adult.to_reader(max_chunksize=5000),
    ]

    for number, source in enumerate(sources):
        written = tmp_path / f"release-{number}.parquet"
        result = anonymise(source, **asked, output=written)
        release = pq.read_table(written)

        assert result.table is None
        assert result.path == written
        assert release.column_names == adult.column_names
        assert result.transformation == whole.transformation
        # A Delta table does not promise the order in which rows were written to it.
        assert _rows_of(release) == _rows_of(whole.table)


def test_the_certificate_says_what_was_asked_and_what_was_found(tmp_path):
    out = tmp_path / "release.parquet"
    result = anonymise(
        people(),
        quasi_identifiers=BOTH,
        sensitive=["ill"],
        identifiers=["name"],
        models=[KAnonymity(2), LDiversity(2, of="ill")],
        output=out,
    )
    held = result.certificate.to_json()

    assert pq.read_schema(out).names == ["age", "sex", "ill"]
    assert held["models_found"]["k"] == 2
    assert held["models_found"]["l"] == {"ill": 2}
    assert held["policy"]["anonymise"]["models"] == [
        {"kind": "k-anonymity", "k": 2},
        {"kind": "l-diversity", "l": 2, "of": "distinct", "column": "ill"},
    ]
    assert held["transformation"] == {"age": 1, "sex": 0}
    assert len(held["output_sha256"]) == len(held["input_sha256"]) == 64
    assert risk.report(out, ["age", "sex"], ["ill"]).l == {"ill": 2}


def test_no_value_and_nan_are_one_value_of_their_own():
    rows = pa.table(
        {"age": pa.array([31.0, 32.0, float("nan"), None], pa.float64()), "sex": list("ffff")}
    )
    result = anonymise(rows, quasi_identifiers=BOTH, models=[KAnonymity(2)], suppression_limit=0)

    assert result.transformation == {"age": 1, "sex": 0}
    assert result.table["age"].to_pylist() == ["30-39", "30-39", None, None]
    assert risk.report(rows, ["age"]).classes == 3


def test_a_table_of_one_row_can_only_be_shown_whole_to_k_one():
    one = people(ages=[31], sexes="f", ills="a")

    with pytest.raises(KExceedsRows) as refused:
        anonymise(one, quasi_identifiers=BOTH, models=[KAnonymity(2)])
    result = anonymise(one, quasi_identifiers=BOTH, models=[KAnonymity(1)])

    assert (refused.value.k, refused.value.rows) == (2, 1)
    assert result.risk.prosecutor == 1.0
    assert result.transformation == {"age": 0, "sex": 0}


def test_a_table_of_no_row_has_nothing_to_be_safe():
    with pytest.raises(KExceedsRows):
        anonymise(people().slice(0, 0), quasi_identifiers=BOTH, models=[KAnonymity(2)])


def test_a_policy_that_suppresses_everything_gives_an_empty_release_that_says_so():
    result = anonymise(
        people(ills="aaaaaaaa"),
        quasi_identifiers=BOTH,
        sensitive=["ill"],
        models=[LDiversity(2)],
        suppression_limit=1.0,
    )

    assert result.suppressed == result.rows == 8
    assert result.table.num_rows == 0
    assert result.risk.k == 0
    assert result.risk.prosecutor == 0.0
    assert result.utility.loss == pytest.approx(1.0)


def test_what_cannot_be_kept_is_refused_with_the_figures():
    with pytest.raises(NothingSafe) as refused:
        anonymise(
            people(ills="aaaaaaaa"),
            quasi_identifiers=BOTH,
            sensitive=["ill"],
            models=[LDiversity(2)],
        )

    assert "8 rows would be left out, and 0 may be" in str(refused.value)


@pytest.mark.parametrize(
    ("wish", "error", "says"),
    [
        (
            {"sensitive": ["age"]},
            ColumnsInvalid,
            "'age' cannot be sensitive and a quasi-identifier",
        ),
        ({"identifiers": ["sex"]}, ColumnsInvalid, "'sex' cannot be an identifier"),
        ({"sensitive": ["height"]}, ColumnsInvalid, "no column 'height'"),
        ({"quasi_identifiers": {}}, ColumnsInvalid, "no quasi-identifier"),
        ({"models": []}, ModelsInvalid, "no model"),
        ({"models": [LDiversity(2)]}, ModelsInvalid, "needs a sensitive column"),
        ({"metric": "beauty"}, ModelsInvalid, "no metric 'beauty'"),
        ({"recoding": "half"}, ModelsInvalid, "no recoding 'half'"),
        ({"suppression_limit": 1.5}, ModelsInvalid, "between 0 and 1"),
        (
            {"models": [KMap(2, people()), KMap(3, people())]},
            ModelsInvalid,
            "different populations",
        ),
    ],
)
def test_a_call_that_is_not_right_is_refused(wish, error, says):
    call = {"quasi_identifiers": BOTH, "models": [KAnonymity(2)]} | wish

    with pytest.raises(error) as refused:
        anonymise(people(), **call)

    assert says in str(refused.value)


@pytest.mark.parametrize(
    "make",
    [
        lambda: KAnonymity(0),
        lambda: LDiversity(0),
        lambda: LDiversity(2.5),
        lambda: LDiversity(2, "recursive"),
        lambda: LDiversity(2, "distinct", 1.0),
        lambda: LDiversity(2, "best"),
        lambda: TCloseness(1.5),
        lambda: TCloseness(0.2, "hierarchical"),
        lambda: DeltaPresence(0.6, 0.5, None),
        lambda: KMap(0, None),
    ],
)
def test_a_model_that_contradicts_itself_is_not_made(make):
    with pytest.raises(ModelsInvalid):
        make()


def test_presences_that_exclude_each_other_are_refused():
    everybody = people()
    asked = [DeltaPresence(0.0, 0.2, everybody), DeltaPresence(0.5, 1.0, everybody)]

    with pytest.raises(ModelsInvalid, match=r"at least 0\.5 and at most 0\.2"):
        anonymise(people(), quasi_identifiers=BOTH, models=asked)


def test_a_value_that_a_hierarchy_misses_is_named():
    with pytest.raises(HierarchyMissesValue) as refused:
        anonymise(people(sexes="ffmmffmx"), quasi_identifiers=BOTH, models=[KAnonymity(2)])

    assert (refused.value.hierarchy, refused.value.value) == ("sexes", "x")


@pytest.mark.parametrize("source", ["nowhere.csv", 7, []])
def test_what_is_no_table_is_refused(source):
    with pytest.raises(SourceUnreadable):
        anonymise(source, quasi_identifiers=BOTH, models=[KAnonymity(2)])


def test_a_population_without_the_columns_is_refused():
    with pytest.raises(ColumnsInvalid, match="no column 'age' in the population"):
        anonymise(people(), quasi_identifiers=BOTH, models=[KMap(2, people().select(["sex"]))])


def test_a_release_that_cannot_be_written_is_no_fault_of_the_source(tmp_path):
    with pytest.raises(FileNotFoundError):
        anonymise(
            people(),
            quasi_identifiers=BOTH,
            models=[KAnonymity(2)],
            output=tmp_path / "nowhere" / "release.parquet",
        )


def test_columns_beyond_the_bits_of_one_key_are_grouped_exactly():
    wide = {f"c{at}": [str(row * at % 97) for row in range(300)] for at in range(1, 15)}
    codes = Hierarchy.from_paths([(str(value), "*") for value in range(97)], name="codes")
    table = pa.table(wide)

    found = risk.report(table, list(wide))
    narrow = risk.report(table, ["c1"])
    result = anonymise(
        table,
        quasi_identifiers=dict.fromkeys(wide, codes),
        models=[KAnonymity(2)],
        suppression_limit=0.0,
        metric="discernibility",
    )

    # 14 columns of 7 bits are 98 bits; all of them are functions of the first.
    assert (found.k, found.classes) == (narrow.k, narrow.classes) == (3, 97)
    assert set(result.transformation.values()) == {0}


def test_hierarchies_that_grow_with_the_data_keep_their_groups():
    days = pa.table(
        {"day": [f"20{year:02}-{month:02}-01" for year in range(50) for month in range(1, 13)]}
    )
    result = anonymise(
        days.to_reader(max_chunksize=50),
        quasi_identifiers={"day": Hierarchy.calendar(("month", "year"))},
        models=[KAnonymity(12)],
        suppression_limit=0,
    )

    assert result.transformation == {"day": 2}
    assert result.risk.classes == 50


def test_a_hierarchical_distance_counts_the_level_on_which_values_meet():
    ills = Hierarchy.from_paths(
        [("a", "lung", "*"), ("b", "lung", "*"), ("c", "heart", "*"), ("d", "heart", "*")],
        name="ills",
    )
    rows = people(ills="abcdabcd")
    asked = {"quasi_identifiers": BOTH, "sensitive": ["ill"], "suppression_limit": 0}

    near = anonymise(rows, models=[TCloseness(0.5, "hierarchical", hierarchy=ills)], **asked)
    nearer = anonymise(rows, models=[TCloseness(0.2, "hierarchical", hierarchy=ills)], **asked)

    assert near.optimum < nearer.optimum


def test_local_recoding_loses_less_and_says_that_it_is_weaker():
    rows = people(ages=[*range(20, 60)] * 4, sexes="ffmm" * 40, ills="abbaab" * 26 + "abab")
    asked = {
        "quasi_identifiers": BOTH,
        "sensitive": ["ill"],
        "models": [KAnonymity(5), LDiversity(2)],
    }
    wide = anonymise(rows, **asked, suppression_limit=0)
    local = anonymise(rows, **asked, recoding="mondrian")

    assert local.risk.k >= 5
    assert local.risk.l["ill"] >= 2
    assert local.optimum < wide.optimum
    assert local.transformation == {}
    assert "weaker" in local.certificate.remarks[0]
    assert local.table.column_names == rows.column_names
    with pytest.raises(ModelsInvalid, match="KMap"):
        anonymise(rows, quasi_identifiers=BOTH, models=[KMap(2, rows)], recoding="mondrian")


def test_a_surface_is_asked_for_sensible_values_of_k():
    result = anonymise(people(), quasi_identifiers=BOTH, models=[KAnonymity(2)])

    with pytest.raises(ModelsInvalid):
        result.surface([])
    with pytest.raises(ModelsInvalid):
        result.surface([0])
    for low, high in pairwise(result.surface([3, 2, 4]).to_pylist()):
        assert low["k"] > high["k"] or low["suppressed"] <= high["suppressed"]


def test_the_journalist_looks_people_up_in_the_population():
    release = people()
    everybody = pa.concat_tables([release, people(), people()])

    found = risk.report(release, ["age", "sex"], population=everybody)

    assert found.prosecutor == 1.0
    assert found.journalist == pytest.approx(1 / 3)
    assert risk.journalist(release, ["age"], everybody) == pytest.approx(1 / 3)
    assert risk.prosecutor(release, ["sex"]) == 1 / 4
    assert risk.marketer(release, ["sex"]) == 2 / 8
    with pytest.raises(ColumnsInvalid):
        risk.report(release, [])


def _rows_of(table):
    columns = [table[name].cast(pa.string()).to_pylist() for name in table.column_names]
    return Counter(zip(*columns, strict=True))
