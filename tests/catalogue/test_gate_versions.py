"""Releases beside each other: what was added or is gone is told of a crowd only, or not at all."""

from collections import Counter

import pyarrow.parquet as pq
import pytest

from torvet.privacy.verification import verify

from .test_gate import ROWS, certificate, homes, in_release, policy_of, set_policy

pytestmark = pytest.mark.slow

HEAD = "customer_id,unit_type,construction_year,energy_label\n"


def shown(who, slug, number):
    """How many rows of a release show the same."""
    return Counter(tuple(row.items()) for row in in_release(who, slug, number).to_pylist())


def safe_homes(who):
    slug = who.describe()["slug"]
    who.publish(slug, homes(), "homes.csv")
    set_policy(who, slug, policy_of(who, slug))
    return slug


def test_a_newcomer_is_not_what_the_newer_release_has_and_the_older_has_not(alma):
    slug = safe_homes(alma)

    later = alma.publish(slug, (HEAD + "new1,house,1912,A\n").encode(), "one.csv", mode="append")

    assert later["stage"] == "published"
    assert shown(alma, slug, 2) == shown(alma, slug, 1)
    assert certificate(alma, slug, 2).certificate.rows == ROWS
    assert "stand as they stood" in " ".join(certificate(alma, slug, 2).certificate.remarks)


def test_who_left_is_not_what_the_older_release_has_and_the_newer_has_not(alma):
    slug = safe_homes(alma)

    alma.publish(slug, homes(ROWS - 1), "fewer.csv")

    gone = shown(alma, slug, 1) - shown(alma, slug, 2)
    assert sum(gone.values()) >= 10
    assert not shown(alma, slug, 2) - shown(alma, slug, 1)


def test_a_crowd_that_came_may_be_seen(alma):
    slug = safe_homes(alma)

    alma.publish(slug, homes(ROWS, start=ROWS), "more.csv", mode="append")

    assert sum(shown(alma, slug, 2).values()) == 2 * ROWS


def test_a_policy_set_again_is_no_reason_for_other_classes(alma):
    slug = safe_homes(alma)
    policy = alma.get(f"/api/datasets/{slug}/privacy")["policy"]
    set_policy(alma, slug, policy)

    alma.publish(slug, homes(10 * ROWS), "many.csv")

    first, second = (certificate(alma, slug, number).certificate for number in (1, 2))
    assert second.transformation == first.transformation


def with_years(policy, **intervals):
    hierarchies = policy["anonymise"]["hierarchies"]
    years = {"kind": "intervals", **intervals}
    return policy | {"anonymise": policy["anonymise"] | {
        "hierarchies": hierarchies | {"construction_year": years}}}  # fmt: skip


def by_decades(who):
    """A dataset whose release shows the decade of 600 homes, and the policy that it is by."""
    slug = who.describe()["slug"]
    who.publish(slug, homes(600), "homes.csv")
    policy = with_years(policy_of(who, slug), low=1900, high=1940, widths=[10, 20, 40])
    set_policy(who, slug, policy)
    assert certificate(who, slug).certificate.transformation["construction_year"] == 1
    return slug, policy


def test_another_policy_whose_classes_cross_those_that_are_out_is_held_with_the_figures(alma):
    slug, policy = by_decades(alma)
    set_policy(alma, slug, with_years(policy, low=1893, high=1949, widths=[14, 28, 56]))

    crossing = alma.publish(slug, homes(600), "again.csv")

    assert crossing["stage"] == "held"
    assert crossing["failure"]["code"] == "privacy-policy-failed"
    assert "beside release 1, made by another policy of the same people" in crossing["error"]
    assert "stand in groups that this policy does not let out" in crossing["error"]
    set_policy(alma, slug, policy)
    assert alma.get(f"/api/deliveries/{crossing['id']}")["stage"] == "published"


def test_another_policy_whose_classes_are_unions_of_those_that_are_out_goes_on(alma):
    slug, policy = by_decades(alma)
    set_policy(alma, slug, with_years(policy, low=1900, high=1940, widths=[20, 40]))

    coarser = alma.publish(slug, homes(600), "again.csv")

    assert coarser["stage"] == "published", coarser["error"]
    made = certificate(alma, slug, 2).certificate
    assert "Beside release 1, made in another way, at least 10 people" in " ".join(made.remarks)


def test_sums_of_the_same_readings_by_other_columns_are_held(alma):
    slug = alma.describe()["slug"]
    alma.publish(slug, readings(range(90)), "r.csv")
    policy = policy_of(alma, slug)
    set_policy(alma, slug, policy)
    set_policy(alma, slug, policy | {"aggregate": policy["aggregate"] | {"by": ["hour"]}})

    later = alma.publish(slug, readings(range(90)), "r.csv")

    assert later["stage"] == "held"
    assert "the difference of two sums" in later["error"]


def test_rows_that_were_out_as_they_were_are_named_beside_what_is_made_safe_later(alma):
    """Without names nothing told of people; with a customer's number the same columns do."""
    slug = alma.describe()["slug"]
    nameless = "\n".join(f"{1900 + n % 40},{n % 7}" for n in range(ROWS))
    first = alma.publish(slug, f"construction_year,floors\n{nameless}".encode(), "n.csv")
    alma.publish(slug, homes(), "homes.csv", mode="replace")
    set_policy(alma, slug, policy_of(alma, slug))

    said = " ".join(certificate(alma, slug, 2).certificate.remarks)
    assert first["stage"] == "published"
    assert "Release 1 shows columns of these as they were delivered" in said


def readings(meters, hours=24):
    rows = [
        f"{m},{h},{m % 3},{1000 + (m * 7 + h * 13) % 400}" for m in meters for h in range(hours)
    ]
    return ("meter_id,hour,zone,energy_wh\n" + "\n".join(rows)).encode()


def cells(who, slug, number):
    return {
        (row["hour"], row["zone"]): row["energy_wh"]
        for row in in_release(who, slug, number).to_pylist()
    }


def test_the_difference_of_two_sums_is_nobodys_own_consumption(alma):
    """A meter more in zone 0, and the same cells once more: v2 minus v1 would be that meter."""
    slug = alma.describe()["slug"]
    alma.publish(slug, readings(range(90)), "r.csv")
    set_policy(alma, slug, policy_of(alma, slug))

    later = alma.publish(slug, readings(range(91)), "r2.csv")

    assert later["stage"] == "published", later
    first, second = cells(alma, slug, 1), cells(alma, slug, 2)
    assert {first[place] - second[place] for place in second} == {0}
    assert {zone for _, zone in second} == {1, 2}
    assert "are left out" in " ".join(certificate(alma, slug, 2).certificate.remarks)


def test_cells_that_are_kept_back_have_no_line_and_their_certificate_holds(alma, tmp_path):
    slug = alma.describe()["slug"]
    few = [f"{m},{h},9,{500 + m}" for m in range(100, 102) for h in range(24)]
    alma.publish(slug, readings(range(90)) + ("\n" + "\n".join(few)).encode(), "r.csv")
    set_policy(alma, slug, policy_of(alma, slug))
    signed = certificate(alma, slug)
    pq.write_table(in_release(alma, slug, 1), tmp_path / "release.parquet")

    found = verify(
        tmp_path / "release.parquet", signed.to_bytes(), alma.parts.keys.signing.public_key()
    )

    assert signed.certificate.suppressed == 24
    assert len(signed.certificate.output_sha256) == 64
    assert found.holds, found.lines
