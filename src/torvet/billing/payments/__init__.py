"""Money that comes in: bank statements, cards, and what a person decides about the rest."""

from . import jobs as _jobs  # importing it makes fetching known to the worker
from .booking import received, taken_back
from .cards import pay_by_card, take_event
from .errors import (
    CardPaymentNotFound,
    DecisionUnfit,
    LineDecided,
    LineNotFound,
    NothingOwed,
    ReasonMissing,
)
from .giving_back import GivenBack, ask_for, give_back, give_back_by_hand
from .inspection import Reconciled, faults_of_payments, reconciled
from .model import (
    CardPayment,
    CardRefund,
    CardRefundStage,
    CardStage,
    Decision,
    Fills,
    Imported,
    IsApart,
    IsCardMoney,
    IsCost,
    IsPayout,
    Line,
    Meaning,
    PaysInvoices,
    Stage,
)
from .refunds import may_see_payments, refund, refunds_of
from .service import decide, lines_of, read_file

__all__ = [
    "CardPayment",
    "CardPaymentNotFound",
    "CardRefund",
    "CardRefundStage",
    "CardStage",
    "Decision",
    "DecisionUnfit",
    "Fills",
    "GivenBack",
    "Imported",
    "IsApart",
    "IsCardMoney",
    "IsCost",
    "IsPayout",
    "Line",
    "LineDecided",
    "LineNotFound",
    "Meaning",
    "NothingOwed",
    "PaysInvoices",
    "ReasonMissing",
    "Reconciled",
    "Stage",
    "ask_for",
    "decide",
    "faults_of_payments",
    "give_back",
    "give_back_by_hand",
    "lines_of",
    "may_see_payments",
    "pay_by_card",
    "read_file",
    "received",
    "reconciled",
    "refund",
    "refunds_of",
    "take_event",
    "taken_back",
]
del _jobs
