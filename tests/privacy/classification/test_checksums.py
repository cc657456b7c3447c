"""A number is recognised by its check digit: one digit changed, and it is somebody else's or none."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from torvet.privacy.classification import checksums as c

WEIGHTS = (4, 3, 2, 7, 6, 5, 4, 3, 2)


@st.composite
def personal_numbers(draw):
    """Numbers that follow modulus 11, of people born on another day than a 1 January."""
    born = draw(st.dates()).strftime("%d%m") + f"{draw(st.integers(0, 99)):02}"
    serial = f"{draw(st.integers(1, 399)):03}"
    total = sum(int(d) * w for d, w in zip(born + serial, WEIGHTS, strict=True))
    check = (11 - total % 11) % 11
    number = f"{born}-{serial}{check % 10}"
    valid = check < 10 and not born.startswith("0101") and not born.startswith("2902")
    return number, valid


@given(personal_numbers())
def test_a_personal_number_follows_modulus_11(drawn):
    number, valid = drawn
    if valid:
        assert c.is_cpr(number)
        assert c.is_cpr(number.replace("-", ""))


@given(personal_numbers(), st.integers(1, 9))
def test_with_another_check_digit_it_is_nobodys(drawn, off):
    number, valid = drawn
    if valid:
        assert not c.is_cpr(number[:-1] + str((int(number[-1]) + off) % 10))


@pytest.mark.parametrize("year", ["60", "65", "78", "94"])
def test_who_was_born_on_a_first_of_january_may_have_no_modulus_11(year):
    """CPR office: since 2007 such numbers are given, and systems are to accept them."""
    assert all(c.is_cpr(f"0101{year}-{serial:04}") for serial in (1, 2, 3, 4, 3999))


def test_before_1960_there_is_no_such_day():
    found = [c.is_cpr(f"010155-{serial:04}") for serial in range(1, 100)]

    assert 0 < sum(found) < 20


@pytest.mark.parametrize(
    "text", ["320170-1234", "311170-1235", "0101651", "abcdef-1234", "", "²²²²²²-²²²²"]
)
def test_what_is_no_day_is_no_personal_number(text):
    assert not c.is_cpr(text)


def test_company_numbers_of_real_authorities_are_recognised():
    assert all(map(c.is_cvr, ["55133018", "29189846", "10150817", "DK55133018"]))
    assert not any(map(c.is_cvr, ["55133019", "5513301", "00000000"]))


def test_accounts_metering_points_and_places_have_their_check_digits():
    assert c.is_iban("DK50 0040 0440 1162 43")
    assert not c.is_iban("DK51 0040 0440 1162 43")
    assert c.is_gsrn("571313000000002000")
    assert not c.is_gsrn("571313000000002001")
    assert c.is_gln("5790000701414")
    assert not c.is_gln("5790000701415")


@given(st.text(alphabet="0123456789", min_size=17, max_size=17))
def test_exactly_one_last_digit_makes_a_metering_point(digits):
    assert sum(c.is_gsrn(digits + str(last)) for last in range(10)) == 1


@given(st.text(max_size=40))
def test_any_text_at_all_gets_an_answer(text):
    for judged in (c.is_cpr, c.looks_like_cpr, c.is_cvr, c.is_iban, c.is_email, c.is_phone,
                   c.is_danish_phone, c.is_mac, c.is_plate, c.is_gsrn, c.is_gln):  # fmt: skip
        assert judged(text) in {True, False}


def test_a_persons_mailbox_is_told_from_an_offices():
    assert c.is_email("jens.hansen@example.dk")
    assert not c.is_email("kontakt@aarhus.dk")
    assert not c.is_email("info@aarhus.dk")
    assert not c.is_email("jens@localhost")
