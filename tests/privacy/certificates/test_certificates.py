"""A certificate is one byte string, signed; what it says is computed again from the release."""

import json
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from torvet.privacy.certificates import Certificate, Signed, exact, figure, joined, keyed
from torvet.privacy.errors import CertificateInvalid
from torvet.privacy.policies import Policy
from torvet.privacy.treatments import treat
from torvet.privacy.verification import Outcome, verify

pytestmark = pytest.mark.slow

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
OTHER = Ed25519PrivateKey.from_private_bytes(bytes(range(1, 33)))
NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
ROWS = 3_000

shares = st.floats(0, 1, allow_nan=False)
certificates = st.builds(
    Certificate,
    treatment=st.sampled_from(["as-is", "anonymise", "aggregate", "answers"]),
    rows=st.integers(0, 2**50),
    suppressed=st.integers(0, 2**50),
    policy=st.dictionaries(st.text(max_size=5), st.integers(-5, 5) | st.text(max_size=5)),
    transformation=st.dictionaries(st.text(max_size=5), st.integers(0, 9)),
    risk=st.dictionaries(st.sampled_from(["prosecutor", "marketer"]), shares),
    utility=st.dictionaries(st.sampled_from(["loss", "entropy"]), shares),
    files=st.lists(st.text(alphabet="0123456789abcdef", min_size=64, max_size=64)).map(tuple),
    remarks=st.lists(st.text(max_size=9)).map(tuple),
    input_hmac_sha256=st.sampled_from(["", "ab" * 32]),
    release=st.none() | st.integers(1, 99),
    made_at=st.none() | st.just(NOW),
)


@given(certificates)
def test_what_is_read_back_has_the_same_bytes(made):
    assert Certificate.from_json(json.loads(made.to_bytes())).to_bytes() == made.to_bytes()


@given(certificates)
def test_the_signature_is_of_this_key_and_of_no_other(made):
    signed = Signed.from_bytes(made.signed(KEY).to_bytes())

    assert signed.genuine(KEY.public_key())
    assert not signed.genuine(OTHER.public_key())
    assert not replace(signed, certificate=replace(made, rows=made.rows + 1)).genuine(
        KEY.public_key()
    )


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_fraction_keeps_twelve_digits(value):
    assert figure(exact(value)) == pytest.approx(value, rel=1e-11, abs=1e-300)


def test_what_has_no_end_has_a_word():
    assert figure(exact(float("inf"))) == float("inf")
    assert exact({"a": (1, 2.5, None, True)}) == {"a": [1, "2.5", None, True]}


@given(st.binary(max_size=200))
def test_no_bytes_at_all_break_the_reader(content):
    with pytest.raises(CertificateInvalid):
        Signed.from_bytes(content)


def test_a_word_more_than_a_certificate_has_is_not_believed():
    held = Certificate(treatment="as-is", rows=1).signed(KEY).to_json()
    held["certificate"]["approved_by"] = "the minister"

    with pytest.raises(CertificateInvalid):
        Signed.from_bytes(json.dumps(held).encode())


def test_the_digest_of_several_files_is_that_of_their_digests():
    assert joined(["ab"]) == "ab"
    assert joined([]) == ""
    assert joined(["ab", "cd"]) != joined(["cd", "ab"])


@given(st.lists(st.text("0123456789abcdef", min_size=64, max_size=64), min_size=1, max_size=3))
def test_a_keyed_digest_is_one_of_the_key_the_dataset_and_the_files(digests):
    made = keyed(b"a" * 32, "ds_1", digests)

    assert made == keyed(b"a" * 32, "ds_1", digests)
    others = [
        keyed(b"b" * 32, "ds_1", digests),
        keyed(b"a" * 32, "ds_2", digests),
        keyed(b"a" * 32, "ds_1", [*digests, "00" * 32]),
        joined(digests),
    ]
    assert made not in others
    assert len(made) == 64


_ANY = np.random.default_rng(1)
HOMES = pa.table(
    {
        "customer_id": list(range(ROWS)),
        "age": _ANY.integers(20, 29, ROWS),
        "kind": _ANY.choice(["house", "flat"], ROWS),
        "income": _ANY.integers(200, 204, ROWS),
    }
)
POLICY = Policy.from_json({
    "treatment": "anonymise",
    "roles": {"customer_id": "identifier", "age": "quasi-identifier",
              "kind": "quasi-identifier", "income": "sensitive"},
    "anonymise": {
        "hierarchies": {"age": {"kind": "intervals", "low": 0, "high": 100, "widths": [5, 10]},
                        "kind": {"kind": "flat"}},
        "models": [{"kind": "k-anonymity", "k": 5},
                   {"kind": "l-diversity", "l": 2, "of": "distinct"}],
    },
})  # fmt: skip


@pytest.fixture
def released(tmp_path):
    """A release of homes, and its certificate as the exchange would sign it."""
    pq.write_table(HOMES, tmp_path / "source.parquet")
    made = treat(POLICY, [str(tmp_path / "source.parquet")], tmp_path / "release.parquet")
    drawn = replace(made.certificate, dataset="homes", release=1, made_at=NOW)
    digest = drawn.output_sha256
    return made.path, replace(drawn, files=(digest,)).signed(KEY).to_bytes()


def outcomes(found):
    return {line["what"]: line["outcome"] for line in found.lines}


def test_a_release_is_what_its_certificate_says(released):
    found = verify(*released, KEY.public_key())

    assert found.holds
    held = [what for what, outcome in outcomes(found).items() if outcome == Outcome.HOLDS]
    assert set(held) == {"signature", "output_sha256", "rows", "identifiers", "k", "l of income",
                         "t of income", "risk.prosecutor", "risk.marketer"}  # fmt: skip


def test_a_release_with_texts_as_the_exchange_writes_them_is_read(released, tmp_path):
    """Written by an engine, texts are texts in the file and dictionaries when they are read."""
    path, content = released
    table = pq.read_table(path)
    texts = [pa.field(field.name, pa.string()) if pa.types.is_dictionary(field.type) else field
             for field in table.schema]  # fmt: skip
    pq.write_table(table.cast(pa.schema(texts)), tmp_path / "plain.parquet", store_schema=False)

    found = verify(tmp_path / "plain.parquet", content, KEY.public_key())

    assert found.holds
    assert outcomes(found)["rows"] == Outcome.HOLDS


def test_what_cannot_be_computed_from_the_release_is_named(released):
    unknown = [what for what, it in outcomes(verify(*released, KEY.public_key())).items()
               if it == Outcome.UNKNOWN]  # fmt: skip

    assert set(unknown) == {
        "input_sha256", "suppressed", "utility", "risk.journalist", "attacks", "budget_micro_rho",
    }  # fmt: skip


def test_a_source_that_nobody_is_to_guess_is_named_and_all_else_is_verified(released):
    path, content = released
    made = Signed.from_bytes(content).certificate
    secret = replace(made, input_sha256="", input_hmac_sha256=keyed(b"k" * 32, "homes", ["00"]))

    found = verify(path, secret.signed(KEY).to_bytes(), KEY.public_key())

    assert found.holds
    assert outcomes(found)["input_hmac_sha256"] == Outcome.UNKNOWN
    assert "input_sha256" not in outcomes(found)
    assert outcomes(found)["k"] == outcomes(found)["signature"] == Outcome.HOLDS


def test_without_a_key_nobody_has_signed(released):
    assert outcomes(verify(*released, None))["signature"] == Outcome.UNKNOWN


def test_another_key_and_other_words_are_noticed(released):
    path, content = released
    forged = json.loads(content)
    forged["certificate"]["models_found"]["k"] = 50
    found = verify(path, json.dumps(forged).encode(), KEY.public_key())

    assert outcomes(verify(path, content, OTHER.public_key()))["signature"] == Outcome.FAILS
    assert {outcomes(found)["signature"], outcomes(found)["k"]} == {Outcome.FAILS}


def test_a_row_that_stands_alone_is_noticed_in_any_form_of_the_release(released, tmp_path):
    path, content = released
    rows = pq.read_table(path).to_pylist()
    changed = [{**rows[0], "age": "95-99"}, *rows[1:]]
    pq.write_table(pa.Table.from_pylist(changed), tmp_path / "changed.parquet")

    found = outcomes(verify(tmp_path / "changed.parquet", content, KEY.public_key()))

    assert found["output_sha256"] == Outcome.UNKNOWN
    assert found["k"] == Outcome.FAILS


def test_an_identifier_that_came_back_is_noticed(released, tmp_path):
    path, content = released
    table = pq.read_table(path)
    back = table.append_column("customer_id", [list(range(table.num_rows))])
    pq.write_table(back, tmp_path / "back.parquet")

    assert (
        outcomes(verify(tmp_path / "back.parquet", content, None))["identifiers"] == Outcome.FAILS
    )


def test_the_transformation_of_the_release_before_is_done_again(tmp_path):
    """With twice the rows less would do; what was coarse stays as coarse (0125)."""
    pq.write_table(HOMES.slice(0, 1_000), tmp_path / "first.parquet")
    pq.write_table(pa.concat_tables([HOMES] * 2), tmp_path / "second.parquet")
    first = treat(POLICY, [str(tmp_path / "first.parquet")], tmp_path / "1.parquet")
    kept = first.certificate.transformation
    fresh = treat(POLICY, [str(tmp_path / "second.parquet")], tmp_path / "2.parquet")

    again = treat(POLICY, [str(tmp_path / "second.parquet")], tmp_path / "3.parquet", kept=kept)

    assert again.certificate.transformation == kept
    assert sum(fresh.certificate.transformation.values()) <= sum(kept.values())


def test_rows_do_not_stand_in_the_order_of_those_they_are_about(tmp_path):
    """Customers stand by number: of a class, the first line would be the lowest number's."""
    backwards = HOMES.take(list(range(HOMES.num_rows))[::-1])
    for name, table in (("forwards", HOMES), ("backwards", backwards)):
        pq.write_table(table, tmp_path / f"{name}.parquet")
        treat(POLICY, [str(tmp_path / f"{name}.parquet")], tmp_path / f"{name}.released")
    one, other = (
        pq.read_table(tmp_path / f"{name}.released").to_pylist()
        for name in ("forwards", "backwards")
    )

    assert one == other
    assert one == sorted(one, key=lambda row: tuple(row.values()))
