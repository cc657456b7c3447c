"""What providers offer and consumers accept, and what that allows at every read."""

from .capping import MonthSpent, hold_spending, month_spent
from .clauses import (
    Answers,
    Ask,
    Attribution,
    Clause,
    Columns,
    GiveBack,
    NoOnwardSharing,
    NoReidentification,
    Purposes,
    Regions,
    RequestsPerMinute,
    Returned,
    RowFilter,
    RowsPerDay,
    StateBenefit,
    Thanks,
    Validity,
)
from .concluding import Deal, conclude
from .duties import Duty, duties_of, mark_done
from .entitlement import (
    Admission,
    admit,
    contract,
    contract_by_share,
    contracts_by_id,
    contracts_of,
    explain,
    give_back,
    promising,
    release,
    set_aside,
    shares_of,
    spend,
    standing,
    still_allowed,
)
from .errors import ContractNotFound, NotProvider, OfferNotFound, OtherSide, ReadRefused
from .fields.clauses import clause_fields, clauses_entered
from .forms import ClauseForm
from .funds import Funds, works_out_funds
from .funds import is_known as funds_known
from .funds import prepaid as prepaid_contracts
from .funds import put as put_funds
from .funds import seen as funds_of
from .holds import Hold
from .holds import take_up as take_up_spending
from .jobs import expire
from .levels import words as level_words
from .levels.model import NO_LEVELS, Level, Measure, ServiceLevels
from .model import (
    IDENTITY,
    Approval,
    Contract,
    ContractId,
    Offer,
    OfferId,
    OfferStage,
    Projection,
    Stage,
    projection_of,
    projection_of_clauses,
)
from .news import take_news
from .orders import NO_ORDER, Order
from .orders import faults_of as order_faults
from .panels import Panel, beside_dataset, beside_new_offer
from .prices import words as price_words
from .prices.model import (
    FREE,
    NOTHING,
    Case,
    Every,
    Free,
    OneOff,
    PerUse,
    Price,
    Subscription,
    Tariff,
    Tier,
    Tiering,
    Unit,
)
from .purposes import by_code as purposes_by_code
from .purposes import label as purpose_label
from .rules import Allowed, Objection, Refused, Verdict, decide, gives_answers
from .sentences import Sentence
from .service import (
    Draft,
    accept,
    approve,
    cancel,
    end,
    known_contract,
    make_offer,
    offers_of,
    refuse,
    revoke,
    visible_offer,
    withdraw_offer,
)
from .sheets import LevelsSheet, Lines, Words
from .spending import Used, bytes_are_capped
from .spending import used as used_by
from .tallies import held_between, in_force_by_purpose, taken_between
from .terms import check_levels, fitted, in_order, purpose_code
from .terms import from_json as clause_from_json
from .terms import said as words
from .terms import to_json as clause_to_json
from .terms import words as sentences

__all__ = [
    "FREE",
    "IDENTITY",
    "NOTHING",
    "NO_LEVELS",
    "NO_ORDER",
    "Admission",
    "Allowed",
    "Answers",
    "Approval",
    "Ask",
    "Attribution",
    "Case",
    "Clause",
    "ClauseForm",
    "Columns",
    "Contract",
    "ContractId",
    "ContractNotFound",
    "Deal",
    "Draft",
    "Duty",
    "Every",
    "Free",
    "Funds",
    "GiveBack",
    "Hold",
    "Level",
    "LevelsSheet",
    "Lines",
    "Measure",
    "MonthSpent",
    "NoOnwardSharing",
    "NoReidentification",
    "NotProvider",
    "Objection",
    "Offer",
    "OfferId",
    "OfferNotFound",
    "OfferStage",
    "OneOff",
    "Order",
    "OtherSide",
    "Panel",
    "PerUse",
    "Price",
    "Projection",
    "Purposes",
    "ReadRefused",
    "Refused",
    "Regions",
    "RequestsPerMinute",
    "Returned",
    "RowFilter",
    "RowsPerDay",
    "Sentence",
    "ServiceLevels",
    "Stage",
    "StateBenefit",
    "Subscription",
    "Tariff",
    "Thanks",
    "Tier",
    "Tiering",
    "Unit",
    "Used",
    "Validity",
    "Verdict",
    "Words",
    "accept",
    "admit",
    "approve",
    "beside_dataset",
    "beside_new_offer",
    "bytes_are_capped",
    "cancel",
    "check_levels",
    "clause_fields",
    "clause_from_json",
    "clause_to_json",
    "clauses_entered",
    "conclude",
    "contract",
    "contract_by_share",
    "contracts_by_id",
    "contracts_of",
    "decide",
    "duties_of",
    "end",
    "expire",
    "explain",
    "fitted",
    "funds_known",
    "funds_of",
    "give_back",
    "gives_answers",
    "held_between",
    "hold_spending",
    "in_force_by_purpose",
    "in_order",
    "known_contract",
    "level_words",
    "make_offer",
    "mark_done",
    "month_spent",
    "offers_of",
    "order_faults",
    "prepaid_contracts",
    "price_words",
    "projection_of",
    "projection_of_clauses",
    "promising",
    "purpose_code",
    "purpose_label",
    "purposes_by_code",
    "put_funds",
    "refuse",
    "release",
    "revoke",
    "sentences",
    "set_aside",
    "shares_of",
    "spend",
    "standing",
    "still_allowed",
    "take_news",
    "take_up_spending",
    "taken_between",
    "used_by",
    "visible_offer",
    "withdraw_offer",
    "words",
    "works_out_funds",
]
