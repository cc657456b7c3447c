"""Laws of parties: the CVR check digit, the order of roles, tokens that only take away."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from torvet.parties import (
    ALL_SCOPES,
    ANONYMOUS,
    NotAllowed,
    Party,
    PartyKind,
    Role,
    ScopesTooWide,
    SignInNeeded,
    Unfit,
    check,
    cvr_fits,
    member_caller,
)
from torvet.parties.model import ROLES, SCOPE_OF_ROLE, Membership
from torvet.parties.rules import (
    CVR_WEIGHTS,
    FAILURES_FREE,
    SLUG,
    WAIT_MAX,
    Failures,
    checked_cvr,
    checked_email,
    checked_kind,
    checked_password,
    choose,
    counted,
    grantable,
    safe_next,
    slug_from,
    wait_s,
)

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)

roles = st.sampled_from(Role)
scopes = st.sampled_from([*sorted(ALL_SCOPES), "operate", "share:ct_1", "share:ct_2"])
scope_sets = st.frozensets(scopes)


def party(slug, kind=PartyKind.PUBLIC):
    return Party(
        id=f"pt_{slug}", slug=slug, name=slug, kind=kind, cvr=None, region="DK", registered_at=NOON
    )


def caller(role, asked=None, *, operator=False):
    return member_caller(
        account="ac_1",
        membership=Membership(party=party("aarhus"), role=role),
        email="alma@example.org",
        via="session" if asked is None else "token",
        operator=operator,
        token=None if asked is None else "tk_1",
        asked=asked,
    )


@pytest.mark.parametrize("cvr", ["55133018", "28980671", "64942212"])
def test_real_cvr_numbers_fit(cvr):
    assert cvr_fits(cvr)


@given(st.integers(1_000_000, 9_999_999), st.integers(0, 7), st.integers(1, 9))
def test_one_wrong_digit_is_always_found(seven, place, more):
    cvr = next((f"{seven}{d}" for d in range(10) if cvr_fits(f"{seven}{d}")), None)
    assume(cvr is not None)
    wrong = (int(cvr[place]) + more) % 10

    assert not cvr_fits(cvr[:place] + str(wrong) + cvr[place + 1 :])


@given(st.integers(1_000_000, 9_999_999).map(str))
def test_seven_digits_have_one_check_digit_or_none(seven):
    fitting = [digit for digit in range(10) if cvr_fits(f"{seven}{digit}")]
    rest = sum(w * int(d) for w, d in zip(CVR_WEIGHTS[:7], seven, strict=True)) % 11

    assert fitting == ([] if rest == 1 else [(11 - rest) % 11])


@given(st.text(max_size=12))
def test_whatever_is_not_eight_plain_digits_is_no_cvr_number(text):
    assume(not (len(text) == 8 and text.isascii() and text.isdigit()))

    assert not cvr_fits(text)


def test_a_cvr_number_is_kept_without_spaces_and_country():
    assert checked_cvr("DK 55 13 30 18", "DK") == "55133018"


def test_a_danish_organisation_without_a_cvr_number_is_told():
    with pytest.raises(Unfit, match="gives its CVR number"):
        checked_cvr(None, "DK-82")


def test_an_organisation_abroad_needs_no_cvr_number():
    assert checked_cvr("", "SE") is None


def test_an_organisation_is_no_citizen():
    with pytest.raises(Unfit, match="public, private or research"):
        checked_kind(PartyKind.CITIZEN)


@given(roles, roles)
def test_roles_stand_in_one_order_and_each_includes_those_below(role, need):
    assert caller(role).may(need) == (ROLES.index(role) <= ROLES.index(need))


@given(roles)
def test_a_session_has_what_its_role_gives_and_no_more(role):
    below = {SCOPE_OF_ROLE[r] for r in ROLES[ROLES.index(role) :]}

    assert caller(role).scopes == below


@given(roles, scope_sets, scope_sets, scopes | roles, st.booleans())
def test_a_token_with_fewer_scopes_never_may_more(role, asked, fewer, need, operator):
    narrow = caller(role, asked & fewer, operator=operator)
    wide = caller(role, asked, operator=operator)

    assert not narrow.may(need) or wide.may(need)


@given(roles, scope_sets, roles)
def test_a_token_never_may_what_its_member_may_not(role, asked, need):
    assert not caller(role, asked).may(need) or caller(role).may(need)


@given(roles, scope_sets, st.booleans())
def test_a_token_is_an_operator_only_where_account_and_scope_both_say_so(role, asked, operator):
    made = caller(role, asked, operator=operator)

    assert made.operator == (operator and "operate" in asked)


@given(roles, scope_sets, st.frozensets(scopes, min_size=1))
def test_nobody_gives_a_token_more_than_they_have(role, asked, wished):
    giver = caller(role, asked)
    try:
        given_away = grantable(giver, wished)
    except ScopesTooWide:
        return
    received = caller(role, given_away)

    more = received.scopes - giver.scopes
    assert not more or (all(s.startswith("share:") for s in more) and "read" in giver.scopes)


@given(st.frozensets(st.text(max_size=8), min_size=1, max_size=3))
def test_a_scope_that_nobody_knows_is_refused(wished):
    assume(not wished <= {*ALL_SCOPES, "operate"})

    with pytest.raises(Unfit):
        grantable(caller(Role.OWNER, operator=True), wished)


def test_a_refusal_names_the_role_that_is_needed():
    with pytest.raises(NotAllowed, match="needs the role 'steward'; you have buyer, reader"):
        check(caller(Role.BUYER), Role.STEWARD)


def test_a_refusal_of_a_token_names_the_scope_that_is_needed():
    with pytest.raises(NotAllowed, match="needs the scope 'publish'; you have read"):
        check(caller(Role.OWNER, frozenset({"read"})), Role.STEWARD)


def test_nobody_is_asked_to_sign_in_rather_than_refused():
    with pytest.raises(SignInNeeded):
        check(ANONYMOUS, Role.READER)


@given(roles | scopes)
def test_nobody_may_nothing(need):
    assert not ANONYMOUS.may(need)


CITIZEN = Membership(party=party("citizen-1", PartyKind.CITIZEN), role=Role.OWNER)
AARHUS = Membership(party=party("aarhus"), role=Role.BUYER)
RANDERS = Membership(party=party("randers"), role=Role.OWNER)


@pytest.mark.parametrize(
    ("memberships", "asked", "kept", "chosen"),
    [
        ([CITIZEN], None, None, CITIZEN),
        ([CITIZEN, AARHUS], None, None, AARHUS),
        ([CITIZEN, AARHUS, RANDERS], None, None, CITIZEN),
        ([CITIZEN, AARHUS, RANDERS], None, "pt_randers", RANDERS),
        ([CITIZEN, AARHUS, RANDERS], "aarhus", "pt_randers", AARHUS),
        ([CITIZEN, AARHUS], "citizen-1", None, CITIZEN),
        ([CITIZEN, AARHUS], None, "pt_left-behind", AARHUS),
        ([CITIZEN, AARHUS], "randers", None, None),
    ],
)
def test_the_party_acted_for_is_the_one_asked_for_else_kept_else_the_only_one_else_oneself(
    memberships, asked, kept, chosen
):
    assert choose(memberships, asked=asked, kept=kept, own="pt_citizen-1") == chosen


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("City of Aarhus", "city-of-aarhus"),
        ("Ærø Fjernvarme A/S", "aeroe-fjernvarme-a-s"),
        ("Blåbærgrød", "blaabaergroed"),
        ("Citizen-led", "party-citizen-led"),
        ("市場", "party"),
    ],
)
def test_a_short_name_can_be_read_aloud(name, slug):
    assert slug_from(name) == slug


@given(st.text())
def test_a_short_name_is_made_of_any_name(name):
    slug = slug_from(name)

    assert SLUG.fullmatch(slug)
    assert len(slug) <= 60
    assert not slug.startswith("citizen-")


@pytest.mark.parametrize("email", ["", "alma", "@aarhus.dk", "alma@", "alma@aarhus", "a b@c.dk"])
def test_what_is_no_address_is_refused(email):
    with pytest.raises(Unfit, match="no e-mail address"):
        checked_email(email)


@given(st.emails())
def test_an_address_is_kept_in_one_form(email):
    assert checked_email(email.upper()) == checked_email(f" {email} ") == checked_email(email)


@pytest.mark.parametrize(
    ("password", "fault"),
    [
        ("short", "at least 10"),
        ("x" * 257, "at most 256"),
        ("aaaaaaaaaaaa", "over and over"),
        ("alma@example.org", "is the e-mail"),
    ],
)
def test_a_poor_password_is_refused_with_what_it_lacks(password, fault):
    with pytest.raises(Unfit, match=fault):
        checked_password(password, "alma@example.org")


def test_the_first_failures_are_free():
    assert wait_s(Failures(count=FAILURES_FREE - 1, last_at=NOON), NOON) == 0


@given(st.integers(FAILURES_FREE, 10_000), st.integers(0, 4000))
def test_more_failures_never_wait_less_and_time_never_adds(count, passed_s):
    then = NOON + timedelta(seconds=passed_s)
    wait = wait_s(Failures(count=count, last_at=NOON), then)

    assert wait <= wait_s(Failures(count=count + 1, last_at=NOON), then)
    assert wait <= wait_s(Failures(count=count, last_at=NOON), NOON) <= WAIT_MAX.total_seconds()


def test_after_an_hour_the_failures_are_forgotten():
    long_ago = Failures(count=100, last_at=NOON - timedelta(hours=1))

    assert wait_s(long_ago, NOON) == 0
    assert counted(long_ago, NOON) == Failures(count=1, last_at=NOON)


@pytest.mark.parametrize(
    "target",
    ["https://evil.example", "//evil.example", "/\\evil.example", "/a\\b", "/\t/evil", "", None],
)
def test_signing_in_never_leads_to_another_site(target):
    assert safe_next(target) == "/"


def test_signing_in_leads_back_to_the_page_that_asked():
    assert safe_next("/datasets/parking?page=2") == "/datasets/parking?page=2"
