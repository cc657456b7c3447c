"""What two releases tell together, what the edge of a range tells, and what a missing split tells."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from torvet import privacy
from torvet.privacy import Hierarchy, KAnonymity, attacks
from torvet.privacy.attacks import matching, versions
from torvet.privacy.policies import Policy
from torvet.privacy.treatments import treat

from .policies import HOUSEHOLDS, KNOWN, SENSITIVE, half, people, pseudonymised, recoded, safe


def twice(first, second, before, now):
    return attacks.run(
        second,
        now,
        quasi_identifiers=KNOWN,
        sensitive=("illness",),
        k=HOUSEHOLDS.k,
        previous=attacks.Previous(release=first, source=before, person="person"),
    )["repeated release of illness"]


def test_two_releases_cut_otherwise_are_laid_over_each_other():
    """Both are 5-anonymous and diverse; who stands in both has what both show."""
    source = people().slice(0, 1_000)
    unlike = {**KNOWN, "age": Hierarchy.intervals(0, 100, (25,)), "postcode": KNOWN["postcode"]}
    cuts = [
        {"age": KNOWN["age"], "postcode": Hierarchy.prefix(4)},
        {"age": unlike["age"], "schooling": KNOWN["schooling"]},
    ]
    # Each release shows other columns finely: a policy that is chosen anew for each version.
    first, second = (_by_classes(source, columns) for columns in cuts)
    weak = _overlaid(first, second, source)
    default = twice(safe(), safe(), people(), people())

    assert weak.success > weak.control + 0.1
    assert default.success <= default.control + attacks.MARGIN


def _by_classes(source, columns):
    """Rows in groups of five that are alike in `columns`: a cut of this version's own."""
    order = np.lexsort(
        [np.array(source[name].to_pylist(), dtype=object).astype(str) for name in columns]
    )
    group = np.empty(source.num_rows, dtype=int)
    group[order] = np.arange(source.num_rows) // 5
    return pa.table({"group": group.astype(str), "illness": source["illness"]})


def _overlaid(first, second, source):
    tables = []
    for place, release in enumerate((first, second)):
        other = ["*"] * source.num_rows
        names = {"a": release["group"] if place == 0 else other}
        names["b"] = other if place == 0 else release["group"]
        tables.append(pa.table({**names, "illness": source["illness"]}))
    known = pa.table({"a": first["group"], "b": second["group"], "illness": source["illness"]})
    counted = [matching.classes(each, ("a", "b", "illness")) for each in (*tables, known)]
    return versions.repeated(*counted, hierarchies={}, targets_max=2_000, seed=0)


def test_newcomers_to_a_table_published_anew_are_what_was_not_there_before():
    """The whole table again with two people more: the classes that grew tell of them."""
    before = people().slice(0, 3_990)
    weak = twice(recoded(before), recoded(people()), before, people())
    fresh = half(people(), 1)
    default = twice(recoded(half(people(), 0)), recoded(fresh), half(people(), 0), fresh)

    assert _newcomers_found(before) > 0.3
    assert default.success <= default.control + attacks.MARGIN
    assert weak.attempts == people().num_rows


def _newcomers_found(before):
    """The same attack on those alone who are new."""
    first, second = recoded(before), recoded(people())
    columns = (*KNOWN, "illness")
    fresh = people().slice(before.num_rows)
    counted = [
        matching.classes(each, columns) for each in (first, second, fresh.slice(0, 0), fresh)
    ]
    return versions.repeated(
        *counted[:3], newcomers=counted[3], hierarchies=KNOWN, targets_max=100, seed=0
    ).success


def test_ranges_as_tight_as_the_rows_tell_who_stands_on_their_edge():
    """Ranges end where they were cut, at round numbers; as tight as their rows they tell."""
    source = people()
    local = recoded(source, recoding="mondrian")
    known = matching.classes(source, tuple(KNOWN))
    weak, default, whole = (
        versions.refinement(
            matching.classes(release, tuple(KNOWN)), known, hierarchies=KNOWN, seed=1
        )
        for release in (_tightened(local, source), local, safe())
    )

    assert weak.success > weak.control + 0.1
    assert weak.figures["classes_of_one_range"] > 0
    for outcome in (default, whole):
        assert outcome.success <= outcome.control + attacks.MARGIN
        assert outcome.attempts > 50


def _tightened(release, source):
    """Show each range from the smallest to the largest of its rows, as is mostly done."""
    group = pc.rank(
        pa.array([str(row) for row in release.select([*KNOWN]).to_pylist()]), tiebreaker="dense"
    ).to_numpy()
    shown = release
    for name in ("age", "postcode"):
        held = np.array(source[name].to_pylist(), dtype=int)
        least = np.full(group.max() + 1, 10**6)
        most = np.zeros(group.max() + 1, dtype=int)
        np.minimum.at(least, group, held)
        np.maximum.at(most, group, held)
        texts = [f"{a}-{b}" if a < b else str(a) for a, b in zip(least, most, strict=True)]
        column = pa.array(np.array(texts)[group])
        shown = shown.set_column(shown.schema.names.index(name), name, column)
    return shown


def test_an_edge_is_nobodys_own_number():
    """Incomes that nobody shares: the ends of a range are numbers that nobody has."""
    rng = np.random.default_rng(3)
    incomes = rng.choice(10**6, 2_000, replace=False) * 7 + 100_003
    source = pa.table({"income": incomes, "illness": ["none"] * 2_000})
    found = privacy.anonymise(
        source,
        quasi_identifiers={"income": Hierarchy.intervals(0, 10**8, (10**6,))},
        models=[KAnonymity(10)],
        recoding="mondrian",
    ).table["income"]
    ends = {int(end) for text in found.unique().to_pylist() for end in text.split("-")}

    assert len(ends) > 200
    assert len(ends & set(incomes.tolist())) <= 2


def test_the_suite_tries_to_narrow_what_was_recoded_locally():
    names = {
        recoding: attacks.run(
            recoded(people(), recoding=recoding), people(), quasi_identifiers=KNOWN
        )
        for recoding in ("full-domain", "mondrian")
    }

    assert "refinement" in names["mondrian"]
    assert "refinement" not in names["full-domain"]


def test_local_recoding_withstands_the_attack_on_its_edges_as_any_other(tmp_path):
    source = tmp_path / "people.parquet"
    pq.write_table(people().drop_columns([*SENSITIVE]), source)
    policy = Policy.from_json(
        {
            "treatment": "anonymise",
            "roles": {
                "person": "identifier",
                "age": "quasi-identifier",
                "postcode": "quasi-identifier",
                "sex": "public",
                "schooling": "public",
            },
            "anonymise": {
                "hierarchies": {
                    "age": {"kind": "intervals", "low": 0, "high": 100, "widths": [5, 10, 50]},
                    "postcode": {"kind": "prefix", "length": 4},
                },
                "models": [{"kind": "k-anonymity", "k": 10}],
                "recoding": "mondrian",
            },
        }
    )
    made = treat(policy, [str(source)], tmp_path / "release.parquet")
    outcomes = {each["name"]: each["passed"] for each in made.certificate.attacks}

    assert all(outcomes.values())
    assert set(outcomes) == {"linkage", "singling-out", "refinement"}


def test_a_split_that_diversity_forbade_tells_who_has_what_it_hid():
    """Wong's attack: an all-or-nothing rule keeps classes together, and says why."""
    rng = np.random.default_rng(1)
    ill = (rng.random(6_000) < 0.35).astype(int)
    whole = np.arange(6_000) // 6
    parts = 2 * whole + (np.arange(6_000) % 6 >= 2)
    all_ill = np.bincount(parts, weights=ill) == np.bincount(parts)
    refused = (all_ill[::2] | all_ill[1::2])[whole]
    weak = attacks.minimality(whole[refused], parts[refused], ill[refused], k=2, protected=[1])
    default = attacks.minimality(whole, parts, ill, k=2, protected=[1])

    assert weak.success > weak.control + 0.1
    assert default.success <= default.control + attacks.MARGIN


@pytest.mark.parametrize("k", [2, 3, 5])
def test_a_class_too_small_to_split_tells_nothing_by_staying_whole(k):
    whole = np.repeat(np.arange(50), 2 * k - 1)
    parts = np.arange(len(whole)) % 2 + 2 * whole
    outcome = attacks.minimality(whole, parts, np.arange(len(whole)) % 3, k=k)

    assert outcome.attempts == 0


def test_k_alone_falls_to_the_release_before():
    """Raw rows again and again: everybody is certain, in one release as in two."""
    source = people()
    outcome = twice(pseudonymised(source), pseudonymised(source), source, source)

    assert outcome.success > 0.5
    assert outcome.success == outcome.control
    assert SENSITIVE
    assert KAnonymity(2).k == 2
