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
    from .certificates import Certificate, Signed, exact, figure, joined, keyed
    from .classification.classify import classify, classify_readable
    from .classification.model import Classification, Role
    from .costs import costs_of
    from .errors import (
        BudgetSpent,
        CertificateNotFound,
        PolicyFailed,
        PolicyInvalid,
        PolicyNeeded,
        ProposalNotFound,
    )
    from .overlays import Made, overlaid, totals_over
    from .policies import Anonymisation, Floor, Policy, Treatment
    from .policy_store import (
        Certified,
        Held,
        Proposed,
        add_policy,
        certificate_of,
        drop_proposal,
        policy_of,
        proposal_of,
        put_certificate,
        put_proposal,
        treatments_of,
    )
    from .presets import PRESETS, Preset, preset
    from .proposals import KS, REPEATED_MIN, propose
    from .recoding.anonymise import anonymise
    from .recoding.hierarchies import Hierarchy
    from .recoding.models import DeltaPresence, KAnonymity, KMap, LDiversity, TCloseness
    from .recoding.result import Result
    from .rules import lowered, objections
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
    from .treatments import Tried, strengthened, treat

_ROOM_OF = {
    "Aggregated": "aggregates.cells",
    "aggregate": "aggregates.cells",
    "audit": "aggregates.feasible",
    "tell": "aggregates.releasing",
    "Dominance": "aggregates.rules",
    "MaxShare": "aggregates.rules",
    "MinContributors": "aggregates.rules",
    "PPercent": "aggregates.rules",
    "Totals": "aggregates.rules",
    "suppress_secondary": "aggregates.secondary",
    "epsilon": "answers.accounting",
    "Figures": "answers.figures",
    "prepared": "answers.prepare",
    "Count": "answers.question",
    "Histogram": "answers.question",
    "Mean": "answers.question",
    "Quantile": "answers.question",
    "Question": "answers.question",
    "Sum": "answers.question",
    "parse_select": "answers.select",
    "AnswerSpec": "answers.spec",
    "attacks": "attacks",
    "Certificate": "certificates",
    "Signed": "certificates",
    "exact": "certificates",
    "figure": "certificates",
    "joined": "certificates",
    "keyed": "certificates",
    "Classification": "classification",
    "Role": "classification",
    "classify": "classification",
    "classify_readable": "classification",
    "costs_of": "costs",
    "BudgetSpent": "errors",
    "CertificateNotFound": "errors",
    "PolicyFailed": "errors",
    "PolicyInvalid": "errors",
    "PolicyNeeded": "errors",
    "ProposalNotFound": "errors",
    "Made": "overlays",
    "overlaid": "overlays",
    "totals_over": "overlays",
    "Anonymisation": "policies",
    "Floor": "policies",
    "Policy": "policies",
    "Treatment": "policies",
    "Certified": "policy_store",
    "Held": "policy_store",
    "Proposed": "policy_store",
    "add_policy": "policy_store",
    "certificate_of": "policy_store",
    "drop_proposal": "policy_store",
    "policy_of": "policy_store",
    "proposal_of": "policy_store",
    "put_certificate": "policy_store",
    "put_proposal": "policy_store",
    "treatments_of": "policy_store",
    "PRESETS": "presets",
    "Preset": "presets",
    "preset": "presets",
    "KS": "proposals",
    "REPEATED_MIN": "proposals",
    "propose": "proposals",
    "anonymise": "recoding.anonymise",
    "Hierarchy": "recoding.hierarchies",
    "DeltaPresence": "recoding.models",
    "KAnonymity": "recoding.models",
    "KMap": "recoding.models",
    "LDiversity": "recoding.models",
    "TCloseness": "recoding.models",
    "Result": "recoding.result",
    "risk": "risk",
    "lowered": "rules",
    "objections": "rules",
    "Answer": "service",
    "Asker": "service",
    "Quote": "service",
    "Wish": "service",
    "answer": "service",
    "beside_answers": "service",
    "budget": "service",
    "budget_stated": "service",
    "change_budget": "service",
    "open_answers": "service",
    "prepare_answers": "service",
    "quote": "service",
    "spent": "service",
    "table_of": "service",
    "hierarchies_of": "specifications",
    "try_policy": "specifications",
    "coarsen_location": "streams.coarsening",
    "coarsen_time": "streams.coarsening",
    "Pseudonymiser": "streams.pseudonyms",
    "refuse_rows": "streams.refusal",
    "refuse_table": "streams.refusal",
    "Tried": "treatments",
    "strengthened": "treatments",
    "treat": "treatments",
    "utility": "utility",
}
"""Which module holds which name; a name that is its own module stands for the module."""

__all__ = [
    "KS",
    "PRESETS",
    "REPEATED_MIN",
    "Aggregated",
    "Anonymisation",
    "Answer",
    "AnswerSpec",
    "Asker",
    "BudgetSpent",
    "Certificate",
    "CertificateNotFound",
    "Certified",
    "Classification",
    "Count",
    "DeltaPresence",
    "Dominance",
    "Figures",
    "Floor",
    "Held",
    "Hierarchy",
    "Histogram",
    "KAnonymity",
    "KMap",
    "LDiversity",
    "Made",
    "MaxShare",
    "Mean",
    "MinContributors",
    "PPercent",
    "Policy",
    "PolicyFailed",
    "PolicyInvalid",
    "PolicyNeeded",
    "Preset",
    "ProposalNotFound",
    "Proposed",
    "Pseudonymiser",
    "Quantile",
    "Question",
    "Quote",
    "Result",
    "Role",
    "Signed",
    "Sum",
    "TCloseness",
    "Totals",
    "Treatment",
    "Tried",
    "Wish",
    "add_policy",
    "aggregate",
    "anonymise",
    "answer",
    "attacks",
    "audit",
    "beside_answers",
    "budget",
    "budget_stated",
    "certificate_of",
    "change_budget",
    "classify",
    "classify_readable",
    "coarsen_location",
    "coarsen_time",
    "costs_of",
    "drop_proposal",
    "epsilon",
    "exact",
    "figure",
    "hierarchies_of",
    "joined",
    "keyed",
    "lowered",
    "objections",
    "open_answers",
    "overlaid",
    "parse_select",
    "policy_of",
    "prepare_answers",
    "prepared",
    "preset",
    "proposal_of",
    "propose",
    "put_certificate",
    "put_proposal",
    "quote",
    "refuse_rows",
    "refuse_table",
    "risk",
    "spent",
    "strengthened",
    "suppress_secondary",
    "table_of",
    "tell",
    "totals_over",
    "treat",
    "treatments_of",
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
