"""Terms that hypothesis writes, for every test that states a law about them."""

from datetime import UTC, datetime, timedelta

from hypothesis import strategies as st

from torvet.contracts import (
    Answers,
    Ask,
    Attribution,
    Columns,
    Contract,
    ContractId,
    GiveBack,
    NoOnwardSharing,
    NoReidentification,
    OfferId,
    Purposes,
    Regions,
    RequestsPerMinute,
    Returned,
    RowFilter,
    RowsPerDay,
    Stage,
    StateBenefit,
    Thanks,
    Validity,
)
from torvet.contracts.purposes import PURPOSES
from torvet.kit.filters import Compare, In, IsNull, Not, Op
from torvet.parties import PartyId

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
NAMES = ("garage", "occupied", "capacity", "at")
TYPES = {"garage": "text", "occupied": "integer", "capacity": "integer", "at": "instant"}
ALMA, BO = PartyId("pa_alma"), PartyId("pa_bo")
TRANSPORT = "ImproveTransportMobility"

moments = st.integers(-72, 72).map(lambda hours: NOON + timedelta(hours=hours))
codes = st.sampled_from(sorted(PURPOSES))
regions = st.sampled_from(["DK", "DK-82", "SE", "NO", "US", "EU", "EEA", "NORDIC"])
words = st.text(
    st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1, max_size=30
).filter(str.strip)
filters = st.one_of(
    st.builds(Compare, st.just("garage"), st.sampled_from(Op), st.sampled_from(["A", "B", "C'"])),
    st.builds(Compare, st.just("occupied"), st.sampled_from(Op), st.integers(0, 9)),
    st.builds(Compare, st.just("at"), st.sampled_from(Op), moments),
    st.builds(In, st.just("garage"), st.lists(st.sampled_from("ABC"), min_size=1).map(tuple)),
    st.builds(Not, st.builds(IsNull, st.sampled_from(NAMES))),
)


def _some(values, most=3):
    return st.lists(values, min_size=1, max_size=most, unique=True).map(tuple)


spans = (
    st.tuples(st.none() | moments, st.none() | moments)
    .filter(any)
    .map(lambda span: tuple(sorted(span)) if all(span) else span)
    .filter(lambda span: span[0] != span[1])
    .map(lambda span: Validity(*span))
)
KINDS = (
    st.builds(Purposes, _some(codes)),
    spans,
    st.just(Answers()),
    st.builds(Columns, _some(st.sampled_from(NAMES), 4)),
    st.builds(RowFilter, filters),
    st.builds(RowsPerDay, st.integers(1, 30)),
    st.builds(RequestsPerMinute, st.integers(1, 5)),
    st.builds(Regions, _some(regions)),
    st.builds(Attribution, words),
    st.just(NoOnwardSharing()),
    st.just(NoReidentification()),
    st.builds(GiveBack, st.sampled_from(Returned), st.integers(1, 90), words),
    st.builds(StateBenefit, st.integers(1, 90)),
    st.builds(Thanks, words),
)
clauses = st.one_of(*KINDS)
# Terms as they are offered: each kind at most once, in one order; answers have no rows to filter.
terms = st.tuples(*(st.none() | kind for kind in KINDS)).map(
    lambda found: tuple(
        clause
        for clause in found
        if clause is not None and not (isinstance(clause, RowFilter) and Answers() in found)
    )
)
asks = st.builds(
    Ask,
    reader=st.sampled_from([BO, ALMA]),
    purpose=codes,
    columns=st.none() | _some(st.sampled_from((*NAMES, "secret")), 4),
    rows=st.integers(0, 30),
    requests=st.integers(1, 2),
    question=st.booleans(),
    at=moments,
    region=st.sampled_from(["DK", "DK-82", "SE", "US", ""]),
    rows_today=st.integers(0, 30),
    requests_this_minute=st.integers(0, 5),
    duties=st.dictionaries(
        st.sampled_from([GiveBack.kind, StateBenefit.kind]),
        st.integers(0, 90).map(lambda days: NOON - timedelta(days=days)),
    ).map(lambda found: tuple(found.items())),
)
LEASE = Contract(
    id=ContractId("ct_lease"),
    offer=OfferId("of_lease"),
    dataset="ds_parking",
    provider=ALMA,
    consumer=BO,
    purpose=TRANSPORT,
    note="",
    clauses=(),
    stage=Stage.AGREED,
    share="parking-abc123",
    requested_at=NOON,
    requested_by="ac_bo",
    agreed_at=NOON,
)
ASK = Ask(reader=BO, purpose=TRANSPORT, rows=10, at=NOON, region="DK")
