"""The search finds what trying every transformation finds, for every metric and model."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from torvet.privacy import DeltaPresence, KAnonymity, KMap, LDiversity, TCloseness, anonymise
from torvet.privacy.errors import GivenUnsafe, KExceedsRows, NothingSafe

from .tables import HIERARCHIES, METRICS, SECRETS, best_by_trying, measured, nodes, table_of

pytestmark = pytest.mark.slow

rows = st.tuples(
    st.sampled_from(["red", "orange", "blue", "green"]),
    st.sampled_from(["1", "2", "3", "4", "5"]),
    st.sampled_from(["f", "m"]),
    st.sampled_from(SECRETS),
)
tables = st.lists(rows, min_size=4, max_size=24)
k_models = st.builds(KAnonymity, st.integers(1, 4))
l_models = st.one_of(
    st.builds(LDiversity, st.integers(1, 3), st.just("distinct")),
    st.builds(LDiversity, st.floats(1, 2.5), st.just("entropy")),
    st.builds(
        LDiversity, st.integers(1, 3), st.just("recursive"), st.sampled_from([0.7, 1.0, 2.5])
    ),
)
t_models = st.builds(TCloseness, st.floats(0, 0.6), st.sampled_from(["equal", "ordered"]))
models = st.lists(st.one_of(k_models, l_models, t_models), min_size=1, max_size=3)
limits = st.sampled_from([0.0, 0.05, 0.2, 0.5, 1.0])


@pytest.mark.parametrize("metric", METRICS)
@given(held=tables, asked=models, limit=limits)
def test_the_optimum_is_that_of_trying_every_transformation(metric, held, asked, limit):
    best = best_by_trying(held, asked, metric, limit)

    found = _found(held, asked, metric, limit)

    assert (found is None) == (best is None)
    if found is not None:
        assert found.optimum == pytest.approx(best, abs=1e-9, rel=1e-9)
        node = tuple(found.transformation.values())
        suppressed, value = measured(held, node, asked, metric)
        assert value == pytest.approx(best, abs=1e-9, rel=1e-9)
        assert found.suppressed == suppressed == len(held) - found.table.num_rows


@pytest.mark.parametrize("metric", METRICS)
@given(held=tables, more=st.lists(rows, max_size=20), k=st.integers(1, 6), limit=limits)
def test_a_population_counts_as_trying_every_transformation_says(metric, held, more, k, limit):
    everybody = held + more
    asked = [KMap(k, table_of(everybody))]

    best = best_by_trying(held, asked, metric, limit, everybody)
    found = _found(held, asked, metric, limit)

    assert (found is None) == (best is None)
    assert found is None or found.optimum == pytest.approx(best, abs=1e-9, rel=1e-9)


@given(
    held=tables,
    more=st.lists(rows, max_size=20),
    bounds=st.tuples(st.sampled_from([0.0, 0.1, 0.4]), st.sampled_from([0.5, 0.8, 1.0])),
    metric=st.sampled_from(sorted(METRICS)),
    extra=st.lists(l_models, max_size=1),
    limit=limits,
)
def test_presence_counts_as_trying_every_transformation_says(
    *, held, more, bounds, metric, extra, limit
):
    everybody = held + more
    asked = [DeltaPresence(*bounds, table_of(everybody)), *extra]

    best = best_by_trying(held, asked, metric, limit, everybody)
    found = _found(held, asked, metric, limit)

    assert (found is None) == (best is None)
    assert found is None or found.optimum == pytest.approx(best, abs=1e-9, rel=1e-9)


@given(
    held=tables,
    more=st.lists(rows, max_size=20),
    low=st.sampled_from([0.0, 0.1, 0.4]),
    node=st.sampled_from(list(nodes())),
    limit=limits,
)
def test_a_given_transformation_is_refused_where_trying_it_says_it_breaks_presence(
    *, held, more, low, node, limit
):
    asked = [DeltaPresence(low, 0.8, table_of(held + more))]
    suppressed, loss = measured(held, node, asked, "loss", held + more)

    found = _found(held, asked, "loss", limit, dict(zip(HIERARCHIES, node, strict=True)))

    assert (found is None) == (suppressed > int(limit * len(held) + 1e-9))
    assert found is None or found.optimum == pytest.approx(loss, abs=1e-9)


@given(held=tables, ks=st.lists(st.integers(1, 6), min_size=1, max_size=4, unique=True))
def test_the_surface_is_that_of_measuring_every_transformation(held, ks):
    result = anonymise(
        table_of(held), quasi_identifiers=HIERARCHIES, models=[KAnonymity(1)], suppression_limit=1
    )

    surface = result.surface(ks).to_pylist()

    assert len(surface) == len(ks) * len(list(nodes()))
    for point in surface:
        node = tuple(point[name] for name in HIERARCHIES)
        asked = [KAnonymity(point["k"])]
        suppressed, squares = measured(held, node, asked, "discernibility")
        assert point["suppressed"] == suppressed
        assert point["discernibility"] == squares
        assert point["loss"] == pytest.approx(measured(held, node, asked, "loss")[1], abs=1e-9)


@given(held=tables, asked=models, limit=limits)
def test_what_is_released_keeps_k_and_l(held, asked, limit):
    found = _found(held, asked, "loss", limit)

    if found is not None and found.table.num_rows:
        for model in asked:
            match model:
                case KAnonymity(k):
                    assert found.risk.k >= k
                case LDiversity(l=wanted):
                    assert found.risk.l["secret"] >= wanted - 1e-9
                case _:
                    pass


def _found(held, asked, metric, limit, given_=None):
    try:
        return anonymise(
            table_of(held),
            quasi_identifiers=HIERARCHIES,
            sensitive=["secret"],
            models=asked,
            suppression_limit=limit,
            metric=metric,
            transformation=given_,
        )
    except (NothingSafe, KExceedsRows, GivenUnsafe):
        return None
