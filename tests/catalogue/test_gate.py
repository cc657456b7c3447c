"""Rows about people wait at the gate until a policy makes them safe, or they stay where they are."""

import hashlib
import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from torvet import catalogue
from torvet.audit import log_key
from torvet.jobs import run_worker
from torvet.privacy.certificates import Signed

pytestmark = pytest.mark.slow

ROWS = 400
SECRET = "hemmeligkunde"


def homes(rows=ROWS, start=0):
    """CSV of customers with the year and the kind of their homes."""
    lines = ["customer_id,unit_type,construction_year,energy_label"]
    kinds = ("house", "flat", "farm")
    lines += [
        f"{SECRET}{n},{kinds[n % 3]},{1900 + n % 40},{'ABCD'[n % 4]}"
        for n in range(start, start + rows)
    ]
    return ("\n".join(lines) + "\n").encode()


def policy_of(who, slug, **changes):
    """The proposed policy, changed."""
    held = who.get(f"/api/datasets/{slug}/privacy/proposal")["policy"]
    return {**held, **changes}


def set_policy(who, slug, policy):
    """Set a policy and let the held deliveries go on."""
    who.send("PUT", f"/api/datasets/{slug}/privacy", policy)
    run_worker(who.parts, once=True)


def certificate(who, slug, number=1):
    answer = who.client.get(f"/api/datasets/{slug}/releases/{number}/certificate")
    assert answer.status_code == 200, answer.text
    return Signed.from_bytes(answer.content)


def in_release(who, slug, number):
    """The rows of a release, as they stand in its table."""
    with who.parts.db.begin() as tx:
        table = catalogue.dataset(tx, slug).table
    uris = who.parts.tables.file_uris(table, number)
    return pa.concat_tables([pq.read_table(uri.removeprefix("file://")) for uri in uris])


@pytest.fixture
def held(alma):
    """A dataset whose first delivery waits."""
    slug = alma.describe()["slug"]
    delivery = alma.publish(slug, homes(), "homes.csv")
    return slug, delivery


def test_a_table_of_garages_passes_and_gets_its_certificate(alma, parking, facts):
    slug = alma.describe()["slug"]
    delivery = alma.publish(slug, parking())

    signed = certificate(alma, slug)
    dataset = alma.get(f"/api/datasets/{slug}")["id"]
    key = log_key(alma.parts)
    assert delivery["stage"] == "published"
    assert signed.genuine(key.public)
    assert signed.certificate.treatment == "as-is"
    assert signed.certificate.rows == 10
    assert signed.certificate.input_sha256 == hashlib.sha256(parking()).hexdigest()
    assert "no column" in signed.certificate.remarks[0].lower()
    assert [fact["body"]["treatment"] for fact in facts(dataset, "release-certified")] == ["as-is"]


def test_rows_about_people_wait_and_the_provider_reads_what_to_do(alma, held, facts):
    slug, delivery = held

    assert delivery["stage"] == "held"
    assert delivery["failure"]["code"] == "privacy-policy-needed"
    assert "customer_id" in delivery["error"]
    assert "torvet privacy proposal" in delivery["failure"]["advice"]
    assert facts(delivery["id"], "delivery-held")
    assert alma.get(f"/api/datasets/{slug}/releases") == {"items": []}
    alma.get(f"/api/datasets/{slug}/releases/1/certificate", 404)


def test_what_was_examined_beside_the_gate_is_seen_by_nobody_where_the_gate_stays_shut(
    alma, parking
):
    """Gate and examination read the same files at once; profile and quality wait for both."""
    slug = alma.describe(checks=[{"rule": "construction_year > 1900"}])["slug"]
    alma.publish(slug, parking())
    waiting = alma.publish(slug, homes(), "homes.csv")

    assert waiting["stage"] == "held"
    assert [it["number"] for it in alma.get(f"/api/datasets/{slug}/releases")["items"]] == [1]
    for sheet in ("profile", "quality", "preview"):
        alma.get(f"/api/datasets/{slug}/releases/2/{sheet}", 404)

    passed = alma.publish(slug, parking(4), mode="append")
    assert passed["stage"] == "published"
    assert alma.get(f"/api/datasets/{slug}/releases/2/profile")["rows"] == 14
    assert alma.get(f"/api/datasets/{slug}/releases/2/quality")["score"] is not None


def test_the_proposal_tells_roles_hierarchies_and_what_each_k_costs(alma, held):
    proposal = alma.get(f"/api/datasets/{held[0]}/privacy/proposal")

    assert {it["name"]: it["role"] for it in proposal["found"]["columns"]} == {
        "customer_id": "identifier", "unit_type": "quasi-identifier",
        "construction_year": "quasi-identifier", "energy_label": "quasi-identifier",
    }  # fmt: skip
    assert (
        proposal["policy"]["anonymise"]["hierarchies"]["construction_year"]["kind"] == "intervals"
    )
    possible = [line for line in proposal["costs"] if line["possible"]]
    assert [line["k"] for line in proposal["costs"]] == [2, 3, 5, 10, 15, 20, 50]
    assert [line["loss"] for line in possible] == sorted(line["loss"] for line in possible)


def test_the_proposal_and_the_policy_are_their_providers_alone(held, bo, nobody):
    for path in (f"/api/datasets/{held[0]}/privacy", f"/api/datasets/{held[0]}/privacy/proposal"):
        bo.get(path, 404)
        nobody.get(path, 401)
    bo.send("PUT", f"/api/datasets/{held[0]}/privacy", {"treatment": "as-is", "roles": {}}, 404)


def test_under_a_policy_the_held_delivery_goes_on_and_nobody_is_in_it(alma, held, facts):
    slug, delivery = held
    set_policy(alma, slug, policy_of(alma, slug))

    assert alma.get(f"/api/deliveries/{delivery['id']}")["stage"] == "published"
    released = in_release(alma, slug, 1)
    assert released.column_names == ["unit_type", "construction_year", "energy_label"]
    counted = released.group_by(released.column_names).aggregate([([], "count_all")])
    assert min(counted["count_all"].to_pylist()) >= 10
    made = certificate(alma, slug).certificate
    assert made.treatment == "anonymise"
    assert made.models_found["k"] >= 10
    assert made.rows == released.num_rows
    assert made.rows + made.suppressed == ROWS
    assert {outcome["passed"] for outcome in made.attacks} == {True}
    dataset = alma.get(f"/api/datasets/{slug}")["id"]
    assert len(facts(dataset, "privacy-policy-set")) == 1


def test_whoever_knows_all_of_a_file_but_one_value_finds_it_confirmed_nowhere(alma, held):
    """An open digest of the delivered file would tell which of four labels is the true one."""
    slug, _ = held
    guesses = {hashlib.sha256(homes().replace(b"1900,A", b"1900," + it)).hexdigest() for it in
               (b"A", b"B", b"C", b"D")}  # fmt: skip
    set_policy(alma, slug, policy_of(alma, slug))

    told = alma.client.get(f"/api/datasets/{slug}/releases/1/certificate").text
    made = certificate(alma, slug).certificate
    assert hashlib.sha256(homes()).hexdigest() in guesses
    assert not any(guess in told for guess in guesses)
    assert made.input_sha256 == ""
    assert len(made.input_hmac_sha256) == 64


def test_nothing_that_is_told_of_the_release_quotes_the_source(alma, held):
    slug, _ = held
    set_policy(alma, slug, policy_of(alma, slug))

    told = [
        alma.client.get(f"/api/datasets/{slug}{rest}").text
        for rest in ("", "/releases", "/releases/1", "/releases/1/profile", "/releases/1/quality",
                     "/releases/1/preview", "/releases/1/lineage", "/releases/1/certificate")
    ]  # fmt: skip
    assert all(SECRET not in text for text in told)
    columns = alma.get(f"/api/datasets/{slug}/releases/1/profile")["columns"]
    assert {it["name"]: it["type"] for it in columns}["construction_year"] == "text"


def test_a_policy_that_cannot_be_kept_leaves_the_delivery_waiting_with_the_reasons(alma, held):
    slug, delivery = held
    policy = policy_of(alma, slug)
    policy["anonymise"]["models"] = [{"kind": "k-anonymity", "k": ROWS + 1}]
    set_policy(alma, slug, policy)

    waiting = alma.get(f"/api/deliveries/{delivery['id']}")
    assert waiting["stage"] == "held"
    assert str(ROWS + 1) in waiting["error"]

    set_policy(alma, slug, policy_of(alma, slug))
    assert alma.get(f"/api/deliveries/{delivery['id']}")["stage"] == "published"


def test_an_attack_that_succeeds_keeps_the_rows_in(alma):
    """Ten alike, and all ten are ill: k alone hides nobody."""
    slug = alma.describe()["slug"]
    rows = [f"{n},{20 + n // 40 % 5},{'ill' if n // 40 % 5 == 0 else 'well'}" for n in range(400)]
    delivery = alma.publish(
        slug, ("customer_id,age,diagnosis\n" + "\n".join(rows)).encode(), "i.csv"
    )
    policy = policy_of(alma, slug)
    policy["anonymise"]["models"] = [{"kind": "k-anonymity", "k": 10}]
    set_policy(alma, slug, policy)

    waiting = alma.get(f"/api/deliveries/{delivery['id']}")
    assert waiting["stage"] == "held"
    assert waiting["failure"]["code"] == "privacy-policy-failed"
    assert "diagnosis" in waiting["error"]


def test_rows_leave_as_they_are_only_on_a_ground_that_is_named(alma, held):
    slug, delivery = held
    roles = policy_of(alma, slug)["roles"]
    set_policy(alma, slug, {"treatment": "as-is", "roles": roles})
    assert "only on a `basis`" in alma.get(f"/api/deliveries/{delivery['id']}")["error"]

    basis = {"ground": "consent", "reference": "consent-2026-04", "reason": "all customers agreed"}
    set_policy(alma, slug, {"treatment": "as-is", "roles": roles, "basis": basis})

    assert alma.get(f"/api/deliveries/{delivery['id']}")["stage"] == "published"
    made = certificate(alma, slug).certificate
    assert "consent-2026-04" in made.remarks[1]
    assert made.models_found["k"] == 3 or made.models_found["k"] < 10
    assert in_release(alma, slug, 1).num_rows == ROWS


def test_what_is_no_policy_is_refused_with_all_its_faults(alma, held):
    bad = policy_of(alma, held[0])
    bad["anonymise"] |= {"models": [{"kind": "k-anonymity", "k": 2}], "suppression_limit": 0.9}

    problem = alma.send("PUT", f"/api/datasets/{held[0]}/privacy", bad, 422)

    assert problem["code"] == "privacy-policy-invalid"
    assert "at least 3" in problem["title"]
    assert "suppression_limit" in problem["title"]


def test_what_is_added_is_made_safe_together_with_what_was_there(alma, held):
    slug, _ = held
    set_policy(alma, slug, policy_of(alma, slug))
    first = certificate(alma, slug).certificate

    more = alma.publish(slug, homes(100, start=ROWS), "more.csv", mode="append")

    assert more["stage"] == "published"
    second = certificate(alma, slug, 2).certificate
    assert second.rows + second.suppressed == ROWS + 100
    assert second.transformation == first.transformation
    released = in_release(alma, slug, 2)
    counted = released.group_by(released.column_names).aggregate([([], "count_all")])
    assert min(counted["count_all"].to_pylist()) >= 10


def test_a_new_column_about_people_is_held_again(alma, held):
    slug, _ = held
    set_policy(alma, slug, policy_of(alma, slug))
    lines = homes().decode().splitlines()
    wider = [lines[0] + ",phone", *(f"{line},+45 20 30 {n:04}" for n, line in enumerate(lines[1:]))]

    later = alma.publish(slug, "\n".join(wider).encode(), "wider.csv")

    assert later["stage"] == "held"
    assert "says nothing about column 'phone'" in later["error"]


def test_readings_are_released_as_cells_of_many(alma):
    slug = alma.describe()["slug"]
    rows = [
        f"{m},{h},{m % 3},{1000 + (m * 7 + h * 13) % 400}" for m in range(90) for h in range(24)
    ]
    delivery = alma.publish(
        slug, ("meter_id,hour,zone,energy_wh\n" + "\n".join(rows)).encode(), "r.csv"
    )
    policy = policy_of(alma, slug)
    assert policy["treatment"] == "aggregate"
    set_policy(alma, slug, policy)

    assert alma.get(f"/api/deliveries/{delivery['id']}")["stage"] == "published"
    released = in_release(alma, slug, 1)
    assert "meter_id" not in released.column_names
    assert set(released["contributors"].to_pylist()) == {30}
    assert certificate(alma, slug).certificate.treatment == "aggregate"


def test_cells_are_released_with_totals_that_do_not_give_any_of_them_away(alma):
    slug = alma.describe()["slug"]
    zones = [0] * 5 + [1] * 30 + [2] * 25 + [3] * 30
    rows = [
        f"{m},{h},{zone},{1000 + (m * 7 + h * 13) % 400}"
        for m, zone in enumerate(zones)
        for h in range(4)
    ]
    delivery = alma.publish(
        slug, ("meter_id,hour,zone,energy_wh\n" + "\n".join(rows)).encode(), "r.csv"
    )
    policy = policy_of(alma, slug)
    policy["aggregate"]["totals"] = {"hierarchies": {"zone": {"kind": "flat"}}}
    set_policy(alma, slug, policy)

    assert alma.get(f"/api/deliveries/{delivery['id']}")["stage"] == "published"
    released = in_release(alma, slug, 1).to_pylist()
    told = {row["zone"] for row in released}
    assert "*" in told
    assert "0" not in told
    assert len(told) == 3  # of four zones one is few, and another stands beside it in the dark
    attacks = {it["name"]: it["passed"] for it in certificate(alma, slug).certificate.attacks}
    assert attacks["recomputed"]


def test_with_answers_the_release_has_no_rows_at_all(alma):
    slug = alma.describe()["slug"]
    rows = [f"{m},{h},{m % 3},{1000 + (m * 7 + h * 13) % 400}" for m in range(60) for h in range(4)]
    delivery = alma.publish(
        slug, ("meter_id,hour,zone,energy_wh\n" + "\n".join(rows)).encode(), "r.csv"
    )
    policy = policy_of(alma, slug, treatment="answers", answers={
        "unit": "meter_id", "slot": ["hour"], "slots_per_unit": 4, "keys": {"zone": [0, 1, 2]},
        "bounds": {"energy_wh": [0, 2000]}, "micro_rho_per_consumer": 1000,
        "micro_rho_per_dataset": 5000,
    })  # fmt: skip
    set_policy(alma, slug, policy)

    done = alma.get(f"/api/deliveries/{delivery['id']}")
    assert done["stage"] == "published", done
    assert alma.get(f"/api/datasets/{slug}/releases/1")["rows"] == 0
    assert in_release(alma, slug, 1).column_names == ["zone", "energy_wh"]
    assert certificate(alma, slug).certificate.budget_micro_rho == 0


def test_a_release_that_was_committed_keeps_its_certificate_when_the_job_runs_again(alma, held):
    slug, _delivery = held
    set_policy(alma, slug, policy_of(alma, slug))
    before = alma.client.get(f"/api/datasets/{slug}/releases/1/certificate").content
    run_worker(alma.parts, once=True)

    assert alma.client.get(f"/api/datasets/{slug}/releases/1/certificate").content == before
    assert json.loads(before)["kind"] == "torvet-signed-certificate/1"


def test_a_certificate_is_for_those_who_see_the_dataset(alma, bo, nobody, parking):
    hidden = alma.describe(visibility="hidden")["slug"]
    alma.publish(hidden, parking())

    assert certificate(alma, hidden)
    bo.get(f"/api/datasets/{hidden}/releases/1/certificate", 404)
    nobody.get(f"/api/datasets/{hidden}/releases/1/certificate", 404)


def test_the_page_tells_in_plain_words_what_was_done_and_links_the_certificate(alma, held):
    slug, _ = held
    set_policy(alma, slug, policy_of(alma, slug))

    page = alma.client.get(f"/datasets/{slug}", headers={"Accept": "text/html"}).text

    assert "made so coarse that nobody stands alone" in page
    assert "withstood: linkage" in page
    assert f"/api/datasets/{slug}/releases/1/certificate" in page


def test_dcat_names_the_certificate_as_one_of_quality(alma, parking):
    slug = alma.describe()["slug"]
    alma.publish(slug, parking())

    graph = alma.client.get(f"/datasets/{slug}.ttl").text

    assert "dqv:QualityCertificate" in graph
    assert f"/api/datasets/{slug}/releases/1/certificate>" in graph


def test_hourly_rows_of_households_are_refused_whatever_k_is_asked_for(alma):
    slug = alma.describe()["slug"]
    rows = [
        f"{m},2026-05-0{1 + h // 24} {h % 24:02}:00:00,{1000 + m % 9}"
        for m in range(40)
        for h in range(48)
    ]
    delivery = alma.publish(
        slug, ("meter_id,read_at,energy_wh\n" + "\n".join(rows)).encode(), "h.csv"
    )
    set_policy(alma, slug, policy_of(alma, slug, treatment="anonymise", aggregate=None))

    waiting = alma.get(f"/api/deliveries/{delivery['id']}")
    assert waiting["stage"] == "held"
    assert waiting["failure"]["code"] == "row-release-refused"
    assert "73.4 %" in waiting["error"]


def test_rows_that_repeat_somebody_are_no_crowd(alma):
    """Ten rows that look alike are no ten people where each has many rows."""
    slug = alma.describe()["slug"]
    rows = [f"{n % 50},{n % 3},{1000 + n % 7}" for n in range(2000)]
    delivery = alma.publish(
        slug, ("customer_id,zone,energy_wh\n" + "\n".join(rows)).encode(), "z.csv"
    )
    set_policy(alma, slug, policy_of(alma, slug, treatment="anonymise", aggregate=None))

    waiting = alma.get(f"/api/deliveries/{delivery['id']}")
    assert waiting["stage"] == "held"
    assert "stands in 40.0 rows" in waiting["error"]
