"""Answers under a contract: what is given, what it costs, and to whom it is refused."""

import json
from datetime import timedelta

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from sqlalchemy import text

from torvet import privacy
from torvet.contracts import Answers, Columns, RequestsPerMinute, RowsPerDay, Validity
from torvet.parties import party
from torvet.privacy import ledger
from torvet.privacy.answers.spec import AnswerSpec

pytestmark = pytest.mark.slow

POLICY = {
    "unit": "meter",
    "slot": ["hour"],
    "keys": {"zone": ["north", "south", "harbour"], "hour": {"first": 0, "last": 3}},
    "bounds": {"wh": [0, 1000]},
    "micro_rho_per_consumer": 1_000_000,
    "micro_rho_per_dataset": 1_500_000,
    "micro_rho_per_answer": 100_000,
}
COUNTED = {"measures": [{"kind": "count"}], "group_by": ["zone"]}


def readings(meters=200):
    """Readings of meters in two zones; the harbour has none."""
    rows = [
        (f"m{n}", h, ("north", "south")[n % 2], 100 * h) for n in range(meters) for h in range(4)
    ]
    return pa.table(
        dict(zip(("meter", "hour", "zone", "wh"), zip(*rows, strict=True), strict=True))
    )


@pytest.fixture
def asked(cast, parts, tmp_path):
    """A dataset that gives answers, and Bo's contract for them."""

    class Asked:
        def __init__(self):
            self.dataset = cast.dataset_with_release()
            self.open(1, POLICY)

        def open(self, number, policy, table=None):
            spec = AnswerSpec.from_json(policy)
            pq.write_table(table or readings(), tmp_path / f"{number}.parquet")
            uris = [str(tmp_path / f"{number}.parquet")]
            privacy.prepare_answers(parts, self.dataset.id, number, uris=uris, spec=spec)
            with parts.db.begin() as tx:
                privacy.open_answers(tx, self.dataset.id, number, spec, parts.clock.now())

        def contract(self, *clauses):
            return cast.agree(self.dataset, Answers(), *clauses)

    return Asked()


@pytest.fixture
def bo(http, cast):
    """Bo's way to the exchange."""
    http.headers["Authorization"] = f"Bearer {cast.token(cast.bo)}"
    return http


def ask(client, contract, question=COUNTED, status=200, where="answers", **more):
    answer = client.post(
        f"/api/contracts/{contract.id}/{where}", json={"question": question, **more}
    )
    assert answer.status_code == status, answer.text
    return answer.json()


def budget(client, contract):
    answer = client.get(f"/api/contracts/{contract.id}/budget")
    assert answer.status_code == 200, answer.text
    return answer.json()


def facts(parts, name, contract):
    with parts.db.begin() as tx:
        leaves = tx.execute(text("SELECT leaf FROM facts ORDER BY serial")).scalars()
        read = [json.loads(leaf) for leaf in leaves]
    return [f["body"] for f in read if f["name"] == name and f["subject"] == contract.id]


def test_an_answer_has_every_public_cell_and_its_error(bo, asked):
    found = ask(bo, asked.contract())

    assert [cell["zone"] for cell in found["cells"]] == ["north", "south", "harbour"]
    for cell, exact in zip(found["cells"], (400, 400, 0), strict=True):
        # Ten half-widths: what is further off is no accident.
        assert abs(cell["count"]["value"] - exact) <= 10 * cell["count"]["half_width"]
    assert found["charged"]["micro_rho"] == 100_000
    assert found["charged"]["epsilon"] > 0


def test_a_select_asks_the_same_and_costs_nothing_then(bo, asked):
    contract = asked.contract()
    first = ask(bo, contract)
    again = bo.post(
        f"/api/contracts/{contract.id}/answers",
        json={"sql": "select zone, count(*) from answers where hour >= 0 and 1 = 1 group by zone"},
    ).json()

    assert again["cells"] == first["cells"]
    assert again["charged"]["micro_rho"] == 0
    assert budget(bo, contract)["consumer"]["spent"]["micro_rho"] == 100_000


def test_a_thousand_times_the_same_question_is_one_answer(bo, asked, cast, parts):
    contract = asked.contract()
    told = {json.dumps(ask(bo, contract)["cells"]) for _ in range(20)}

    assert len(told) == 1
    assert len(facts(parts, "budget-charged", contract)) == 1
    assert len(facts(parts, "answer-given", contract)) == 20


def test_the_price_and_the_error_are_told_before_and_hold(bo, asked, cast, parts):
    contract = asked.contract()
    question = {"measures": [{"kind": "sum", "column": "wh"}], "group_by": ["hour"]}
    before = ask(bo, contract, question, where="answers/estimate", half_width=25_000)
    found = ask(bo, contract, question, half_width=25_000)

    assert budget(bo, contract)["consumer"]["spent"] == found["charged"] == before["price"]
    assert float(before["errors"][0]["half_width"]) <= 25_000
    assert {cell["sum(wh)"]["half_width"] for cell in found["cells"]} == {
        float(before["errors"][0]["half_width"])
    }


def test_an_estimate_spends_nothing_and_counts_nothing(bo, asked, cast, parts):
    contract = asked.contract(RequestsPerMinute(1))
    for _ in range(3):
        ask(bo, contract, where="answers/estimate")

    assert budget(bo, contract)["dataset_budget"]["spent"]["micro_rho"] == 0
    assert facts(parts, "budget-charged", contract) == []
    assert cast.usage(contract) == []


def test_what_a_consumer_spent_leaves_less_and_then_nothing(bo, asked, parts):
    contract = asked.contract()
    ask(bo, contract, micro_rho=900_000)
    refused = ask(bo, contract, micro_rho=950_000, status=403)
    ask(bo, contract, {"measures": [{"kind": "count"}]}, micro_rho=100_000)

    assert refused["code"] == "budget-spent"
    assert refused["whose"] == "consumer"
    assert budget(bo, contract)["consumer"]["left"]["micro_rho"] == 0
    assert [f["whose"] for f in facts(parts, "answer-refused", contract)] == ["consumer"]


def test_all_consumers_together_have_a_budget_too(cast, asked, parts):
    """Bo and a friend tell each other: what they learn together has its own limit."""
    wish = privacy.Wish(
        question=privacy.Question.from_json({"measures": [{"kind": "count"}]}), micro_rho=800_000
    )
    other = privacy.Wish(question=privacy.Question.from_json(COUNTED), micro_rho=800_000)

    def asker(name):
        return privacy.Asker(consumer=name, provider="pa_alma", contract=f"ct_{name}", actor="t")

    privacy.answer(parts, asked.dataset.id, asker("pa_one"), wish)
    with pytest.raises(privacy.BudgetSpent) as refused:
        privacy.answer(parts, asked.dataset.id, asker("pa_two"), other)

    assert refused.value.whose == "dataset"
    assert refused.value.left_micro_rho == 700_000


def test_another_consumers_answer_costs_who_learns_it_and_not_the_dataset(asked, parts):
    wish = privacy.Wish(question=privacy.Question.from_json(COUNTED))

    def asker(name):
        return privacy.Asker(consumer=name, provider="pa_alma", contract=f"ct_{name}", actor="t")

    first = privacy.answer(parts, asked.dataset.id, asker("pa_one"), wish)
    second = privacy.answer(parts, asked.dataset.id, asker("pa_two"), wish)

    assert (first.figures[0].values == second.figures[0].values).all()
    assert (first.charged, first.charged_dataset) == (100_000, 100_000)
    assert (second.charged, second.charged_dataset) == (100_000, 0)
    with parts.db.begin() as tx:
        assert ledger.imbalances(tx) == []


def test_a_charge_whose_answer_was_never_drawn_stays_and_is_not_paid_twice(
    bo, asked, parts, monkeypatch
):
    contract = asked.contract()

    def killed(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        # The process ends after its charge: nothing else is changed by it.
        patch.setattr("torvet.privacy.service._drawn", killed)
        with pytest.raises(KeyboardInterrupt):
            privacy.answer(
                parts,
                asked.dataset.id,
                privacy.Asker(
                    consumer=contract.consumer, provider="pa", contract=contract.id, actor="t"
                ),
                privacy.Wish(question=privacy.Question.from_json(COUNTED)),
            )
    assert budget(bo, contract)["consumer"]["spent"]["micro_rho"] == 100_000

    assert ask(bo, contract)["charged"]["micro_rho"] == 0
    assert budget(bo, contract)["consumer"]["spent"]["micro_rho"] == 100_000


def test_a_budget_is_fresh_again_only_where_the_policy_says_so(bo, asked, cast, clock, parts):
    contract = asked.contract()
    ask(bo, contract, micro_rho=1_000_000)
    clock.advance(days=20)
    ask(bo, contract, {"measures": [{"kind": "count"}]}, status=403)
    spec = AnswerSpec.from_json(POLICY | {"refresh_days": 10})
    with parts.db.begin() as tx:
        privacy.change_budget(tx, asked.dataset.id, spec)

    ask(bo, contract, {"measures": [{"kind": "count"}]})
    assert budget(bo, contract)["consumer"]["spent"]["micro_rho"] == 100_000


def test_another_unit_spends_from_the_budget_that_was_spent_before(bo, asked, parts):
    """What was told of meters was told: homes do not begin anew."""
    contract = asked.contract()
    ask(bo, contract, micro_rho=400_000)
    homes = readings().append_column("home", readings()["meter"])
    asked.open(2, {**POLICY, "unit": "home"}, homes)

    left = budget(bo, contract)
    with parts.db.begin() as tx:
        stated = privacy.budget_stated(tx, asked.dataset.id, slug="s", at=parts.clock.now())

    assert left["unit"] == "home"
    assert left["consumer"]["spent"]["micro_rho"] == 400_000
    assert left["dataset_budget"]["spent"]["micro_rho"] == 400_000
    ask(bo, contract, micro_rho=700_000, status=403)
    assert stated.spent == stated.ever == 400_000
    assert stated.units == [(1, "meter"), (2, "home")]
    assert "what was charged before counts on" in stated.remarks[0]


def test_a_new_release_is_asked_anew_and_from_the_same_budget(bo, asked):
    contract = asked.contract()
    ask(bo, contract)
    asked.open(2, POLICY, readings(20))
    newer = ask(bo, contract)
    older = ask(bo, contract, release=1)

    assert (newer["release"], newer["charged"]["micro_rho"]) == (2, 100_000)
    assert (older["release"], older["charged"]["micro_rho"]) == (1, 0)
    assert budget(bo, contract)["dataset_budget"]["spent"]["micro_rho"] == 200_000


def test_a_contract_for_answers_gives_no_rows_by_any_door(bo, asked, cast, parts):
    contract = asked.contract()
    share = f"/sharing/shares/{contract.share}"
    with parts.db.begin() as tx:
        schema = party(tx, contract.provider).slug
    table = f"{share}/schemas/{schema}/tables/{asked.dataset.slug}"
    rows = bo.get(f"/api/contracts/{contract.id}/rows")
    doors = [
        bo.get(f"{share}/all-tables"),
        bo.get(f"{table}/metadata"),
        bo.post(f"{table}/query", json={}),
        bo.get(f"{table}/changes?startingVersion=1"),
    ]

    assert rows.status_code == 403
    assert rows.json()["clauses"] == ["answers"]
    assert [door.status_code for door in doors] == [403] * 4


def test_a_contract_for_rows_gives_no_answers(bo, cast, asked):
    refused = ask(bo, cast.agree(asked.dataset), status=403)

    assert refused["code"] == "read-refused"
    assert refused["clauses"] == ["answers"]


def test_a_contract_that_is_over_or_revoked_gives_no_answers(bo, asked, cast, clock):
    contract = asked.contract(Validity(end=clock.now() + timedelta(days=1)))
    ask(bo, contract)
    clock.advance(days=2)
    assert ask(bo, contract, status=403)["clauses"] == ["validity"]
    clock.advance(days=-2)
    cast.revoke(contract)

    for where in ("answers", "answers/estimate"):
        assert ask(bo, contract, status=403, where=where)["clauses"] == ["stage"]
    assert bo.get(f"/api/contracts/{contract.id}/budget").status_code == 403


def test_columns_and_limits_of_the_contract_hold_for_questions(bo, asked):
    contract = asked.contract(Columns(("id", "garage")))
    refused = ask(bo, contract, status=403)

    assert refused["clauses"] == ["columns"]


def test_cells_count_as_rows_and_are_handed_back_where_nothing_was_given(bo, asked):
    contract = asked.contract(RowsPerDay(5))
    ask(bo, contract, COUNTED | {"group_by": ["zone"]}, micro_rho=2_000_000, status=403)
    ask(bo, contract, COUNTED | {"group_by": ["zone"]})

    assert ask(bo, contract, status=403)["clauses"] == ["rows-per-day"]


def test_an_answer_is_metered_as_one(bo, asked, cast):
    contract = asked.contract()
    found = bo.post(f"/api/contracts/{contract.id}/answers", json={"question": COUNTED})
    (used,) = cast.usage(contract)

    assert used["channel"] == "answers"
    assert (used["rows"], used["bytes"], used["requests"]) == (3, len(found.content), 1)


def test_nobody_else_may_ask(http, asked, cast):
    contract = asked.contract()
    http.headers["Authorization"] = f"Bearer {cast.token(cast.carla)}"

    assert ask(http, contract, status=404)["code"] == "contract-not-found"


def test_an_empty_cell_and_an_unknown_key_look_the_same_whatever_the_data_has(bo, asked):
    contract = asked.contract()
    empty = ask(bo, contract, {"measures": [{"kind": "count"}], "where": {"zone": ["harbour"]}})
    full = ask(bo, contract, {"measures": [{"kind": "count"}], "where": {"zone": ["north"]}})
    unknown = [
        ask(bo, contract, {"measures": [{"kind": "count"}], "where": {"zone": [z]}}, status=422)
        for z in ("atlantis", "utopia")
    ]

    assert empty.keys() == full.keys()
    assert empty["cells"][0].keys() == full["cells"][0].keys()
    assert {u["title"].replace("atlantis", "").replace("utopia", "") for u in unknown} == {
        unknown[0]["title"].replace("atlantis", "")
    }


def test_a_dataset_without_answers_says_so(bo, cast):
    contract = cast.agree(cast.dataset_with_release(), Answers())

    assert ask(bo, contract, status=404)["code"] == "no-answers"


def test_a_question_is_said_once(bo, asked):
    both = ask(bo, asked.contract(), status=422, sql="select count(*) from answers")

    assert both["code"] == "delivery-request-invalid"
