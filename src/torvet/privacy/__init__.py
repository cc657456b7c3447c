"""Personal data made safe, and proof of how safe it is.

Every name is imported where it is first asked for (PEP 562): whoever starts the exchange or its
command line does not wait for the compilers and number libraries behind a name never used.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from . import attacks, risk, utility
    from .aggregates.cells import Aggregated, aggregate
    from .aggregates.feasible import audit
    from .aggregates.releasing import tell
    from .aggregates.rules import Dominance, MaxShare, MinContributors, PPercent, Totals
    from .aggregates.secondary import suppress_secondary
    from .answers.accounting import epsilon
    from .answers.figures import Figures
    from .answers.prepare import prepared
    from .answers.question import Count, Histogram, Mean, Quantile, Question, Sum
    from .answers.select import parse_select
    from .answers.spec import AnswerSpec
    from .certificates import Certificate, Signed
    from .classification import Classification, classify
    from .costs import costs_of
    from .errors import BudgetSpent
    from .recoding.anonymise import anonymise
    from .recoding.hierarchies import Hierarchy
    from .recoding.models import DeltaPresence, KAnonymity, KMap, LDiversity, TCloseness
    from .recoding.result import Result
    from .service import (
        Answer,
        Asker,
        Quote,
        Wish,
        answer,
        beside_answers,
        budget,
        budget_stated,
        change_budget,
        open_answers,
        prepare_answers,
        quote,
        spent,
        table_of,
    )
    from .specifications import hierarchies_of, try_policy
    from .streams.coarsening import coarsen_location, coarsen_time
    from .streams.pseudonyms import Pseudonymiser
    from .streams.refusal import refuse_rows, refuse_table

_ROOM_OF = {
    "Dominance": "aggregates.rules",
    "MaxShare": "aggregates.rules",
    "MinContributors": "aggregates.rules",
    "PPercent": "aggregates.rules",
    "Totals": "aggregates.rules",
    "tell": "aggregates.releasing",
    "Aggregated": "aggregates.cells",
    "audit": "aggregates.feasible",
    "suppress_secondary": "aggregates.secondary",
    "Pseudonymiser": "streams.pseudonyms",
    "coarsen_time": "streams.coarsening",
    "coarsen_location": "streams.coarsening",
    "refuse_rows": "streams.refusal",
    "refuse_table": "streams.refusal",
    "try_policy": "specifications",
    "table_of": "service",
    "hierarchies_of": "specifications",
    "BudgetSpent": "errors",
    "aggregate": "aggregates.cells",
    "costs_of": "costs",
    "Answer": "service",
    "AnswerSpec": "answers.spec",
    "Asker": "service",
    "Count": "answers.question",
    "Figures": "answers.figures",
    "Histogram": "answers.question",
    "Mean": "answers.question",
    "Quantile": "answers.question",
    "Question": "answers.question",
    "Quote": "service",
    "Sum": "answers.question",
    "Wish": "service",
    "answer": "service",
    "beside_answers": "service",
    "budget": "service",
    "budget_stated": "service",
    "change_budget": "service",
    "epsilon": "answers.accounting",
    "open_answers": "service",
    "parse_select": "answers.select",
    "prepare_answers": "service",
    "prepared": "answers.prepare",
    "quote": "service",
    "spent": "service",
    "Certificate": "certificates",
    "Classification": "classification",
    "DeltaPresence": "recoding.models",
    "Hierarchy": "recoding.hierarchies",
    "KAnonymity": "recoding.models",
    "KMap": "recoding.models",
    "LDiversity": "recoding.models",
    "Result": "recoding.result",
    "Signed": "certificates",
    "TCloseness": "recoding.models",
    "anonymise": "recoding.anonymise",
    "attacks": "attacks",
    "classify": "classification",
    "risk": "risk",
    "utility": "utility",
}
"""Which module holds which name; a name that is its own module stands for the module."""

__all__ = [
    "Aggregated",
    "Answer",
    "AnswerSpec",
    "Asker",
    "BudgetSpent",
    "Certificate",
    "Classification",
    "Count",
    "DeltaPresence",
    "Dominance",
    "Figures",
    "Hierarchy",
    "Histogram",
    "KAnonymity",
    "KMap",
    "LDiversity",
    "MaxShare",
    "Mean",
    "MinContributors",
    "PPercent",
    "Pseudonymiser",
    "Quantile",
    "Question",
    "Quote",
    "Result",
    "Signed",
    "Sum",
    "TCloseness",
    "Totals",
    "Wish",
    "aggregate",
    "anonymise",
    "answer",
    "attacks",
    "audit",
    "beside_answers",
    "budget",
    "budget_stated",
    "change_budget",
    "classify",
    "coarsen_location",
    "coarsen_time",
    "costs_of",
    "epsilon",
    "hierarchies_of",
    "open_answers",
    "parse_select",
    "prepare_answers",
    "prepared",
    "quote",
    "refuse_rows",
    "refuse_table",
    "risk",
    "spent",
    "suppress_secondary",
    "table_of",
    "tell",
    "try_policy",
    "utility",
]


def __getattr__(name: str) -> Any:
    if name not in _ROOM_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    room = import_module(f"{__name__}.{_ROOM_OF[name]}")
    found = room if _ROOM_OF[name] == name else getattr(room, name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *_ROOM_OF})
