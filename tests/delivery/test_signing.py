from dataclasses import replace
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, unquote, urlsplit

from hypothesis import assume, given
from hypothesis import strategies as st

from torvet.delivery.signing import SIGNATURE, FileGrant, seal, sign, unseal

SECRET = b"the exchange's own"
NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
GRANT = FileGrant(
    contract="co_1",
    table="projections/ds_1/abc",
    path="part-1.parquet",
    release=1,
    expires_s=int(NOON.timestamp()),
)
BEFORE = NOON - timedelta(seconds=1)

texts = st.text(max_size=20)


def signature_of(grant):
    return parse_qs(urlsplit(grant.url(SECRET, "http://x")).query)[SIGNATURE][0]


@given(st.lists(texts, max_size=4), st.lists(texts, max_size=4))
def test_no_two_lists_of_parts_are_signed_alike(one, other):
    assume(one != other)

    assert sign(SECRET, "file", *one) != sign(SECRET, "file", *other)


@given(st.dictionaries(texts, texts | st.integers(), max_size=3))
def test_what_was_sealed_is_unsealed_for_the_same_purpose_only(value):
    token = seal(SECRET, "page", value)

    assert unseal(SECRET, "page", token) == value
    assert unseal(SECRET, "cursor", token) is None
    assert unseal(b"another secret", "page", token) is None


@given(st.text(max_size=300))
def test_no_text_that_somebody_makes_up_is_unsealed(token):
    assert unseal(SECRET, "page", token) is None


@given(st.integers(0, 63), st.sampled_from("0123456789abcdef"))
def test_a_signature_with_one_digit_changed_opens_nothing(place, digit):
    genuine = signature_of(GRANT)
    forged = genuine[:place] + digit + genuine[place + 1 :]

    assert GRANT.holds(SECRET, forged, BEFORE) is (forged == genuine)


def test_a_signature_is_good_for_one_file_of_one_contract_until_its_end():
    genuine = signature_of(GRANT)

    assert GRANT.holds(SECRET, genuine, BEFORE)
    assert not GRANT.holds(SECRET, genuine, NOON)
    for other in (
        replace(GRANT, contract="co_2"),
        replace(GRANT, table="releases/ds_1"),
        replace(GRANT, path="part-2.parquet"),
        replace(GRANT, path="../part-1.parquet"),
        replace(GRANT, release=2),
        replace(GRANT, expires_s=GRANT.expires_s + 3600),
    ):
        assert not other.holds(SECRET, genuine, BEFORE)


def test_a_name_with_danish_letters_and_spaces_survives_the_url():
    url = replace(GRANT, path="del 1/æøå %.parquet").url(SECRET, "http://127.0.0.1:8000/")

    assert unquote(urlsplit(url).path) == "/files/co_1/del 1/æøå %.parquet"
    assert url.startswith("http://127.0.0.1:8000/files/")
