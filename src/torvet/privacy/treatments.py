"""A policy carried out on a source: rows as they may be released, or why there are none.

What a treatment gives is tried before it is believed: the models are measured again on the
written release, and the attacks are made on it. Whoever asks for a release gets one that
withstood them, or PolicyFailed with the reasons.
"""

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from torvet import privacy
from torvet.kit.errors import ExchangeError

from .aggregates.cells import ONE_BY_ONE
from .aggregates.rules import Totals, rules_from_json
from .certificates import Certificate
from .classification.model import Role
from .errors import PolicyFailed
from .policies import Policy, Treatment
from .proposals import KS
from .specifications import hierarchies_of, models_of, totals_of
from .successors import Continued, Files, changed_cells, continued, in_no_order

if TYPE_CHECKING:  # they bring compilers along, for which a server's start does not wait
    from .aggregates.cells import Aggregated
    from .attacks.cells import Cells
    from .attacks.outcome import AttackReport, Outcome
    from .recoding.measures import Risk
    from .recoding.result import Result

SEED = 20_260_616
KEPT_BACK = "suppressed"
LOCAL_ONCE = (
    "local recoding draws new ranges for every release, and those of two releases laid over each"
    " other show more than either: what is published again is recoded in whole columns"
)
CELLS_TOLD = (
    "every cell was published before with another figure: the difference of the two would be the"
    " sum of those who came or went, who may be one"
)
CELLS_CHANGED = (
    "{:,} cells that a release before has another figure for are left out: the difference would be"
    " the sum of those who came or went, who may be one."
)


NO_CELL = "no cell is left: the rules object to each of the {:,} cells"
TOTALS_TOLD = (
    "Totals are published with their cells, and so many cells more are kept back that whoever takes"
    " published ones from totals, earlier releases among them, leaves every cell that a rule kept"
    " back room for {} more and less: the bounds of each were computed from what is published."
)
BLOCKS_LEFT_OUT = (
    "Some blocks of cells are left out as a whole: beside the releases before, a cell in them that"
    " is kept back would have been found out."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """How hard a release is tried: `rows` people are attacked at most, drawn from `seed`."""

    rows: int = 1_000
    seed: int = SEED


@dataclass(frozen=True, slots=True, kw_only=True)
class Treated:
    """A release in the file `path`, and what can be certified of it before it is published."""

    path: Path
    certificate: Certificate


def treat(
    policy: Policy,
    source: Sequence[str],
    target: Path,
    *,
    kept: Mapping[str, int] | None = None,
    earlier: Sequence[Files] = (),
    tried: Tried | None = None,
) -> Treated:
    """Make of `source` what `policy` lets go, in the Parquet file `target`.

    Args:
        policy: what is done; as-is needs no treatment and is not asked for here.
        source: Parquet files of one schema, all that the release is made of.
        target: where the release is written.
        kept: the transformation of the releases before, which is done again: two releases of
            the same people in different classes would show more than either (0125).
        earlier: the files of each release made by the same recoding or of the same cells, the
            newest first: beside them this one tells no more than each of them (0127).
        tried: how hard the release is attacked.

    Raises:
        PolicyFailed: What came of it is not safe, or nothing is left.
        ExchangeError: A hierarchy, a rule or a model does not fit the rows.
    """
    match policy.treatment:
        case Treatment.ANONYMISE:
            return _anonymised(
                policy, source, target, kept=kept, earlier=earlier, tried=tried or Tried()
            )
        case Treatment.AGGREGATE:
            return _aggregated(policy, source, target, earlier, tried or Tried())
        case _:
            return _answered(policy, source, target)


def recoded(
    policy: Policy,
    source: Any,
    *,
    output: Path | None = None,
    kept: Mapping[str, int] | None = None,
) -> "Result":
    """Make rows coarser as `policy` says; `source` is whatever `anonymise` takes.

    Raises:
        PolicyFailed: The policy does not anonymise.
        ExchangeError: A hierarchy or a model does not fit the rows.
    """
    asked = policy.anonymise
    if asked is None:
        raise PolicyFailed(("the policy does not say how rows are anonymised",))
    hierarchies = hierarchies_of(asked.hierarchies)
    result = privacy.anonymise(
        source,
        quasi_identifiers=hierarchies,
        models=models_of(asked.models, hierarchies),
        sensitive=policy.named(Role.SENSITIVE),
        identifiers=policy.named(Role.IDENTIFIER),
        suppression_limit=asked.suppression_limit,
        metric=asked.metric,
        recoding=asked.recoding,
        transformation=kept or None,
        output=output,
    )
    if output is not None:
        in_no_order(output)
    return result


def strengthened(policy: Policy, source: Any, tried: Tried | None = None) -> Policy:
    """Return `policy` with the least k, from its own upwards, whose release withstands attack.

    Only those k are tried that a proposal shows. Where none withstands, or the policy does not
    anonymise, it is returned as it is: then it is told with the reasons that nothing is safe.
    """
    asked = policy.anonymise
    if asked is None or not asked.hierarchies:
        return policy
    for k in (asked.k, *(k for k in KS if k > asked.k)):
        stronger = replace(policy, anonymise=replace(asked, models=_with_k(asked.models, k)))
        with tempfile.TemporaryDirectory(prefix="torvet-") as folder:
            release = Path(folder) / "release.parquet"
            try:
                recoded(stronger, source, output=release)
            except ExchangeError:
                return policy  # what fails at this k fails at every greater one
            if not broken_by(attacked(stronger, source, release, tried or Tried())):
                return stronger
    return policy


def _with_k(models: Sequence[Mapping[str, Any]], k: int) -> tuple[Mapping[str, Any], ...]:
    return tuple({**it, "k": k} if it.get("kind") == "k-anonymity" else it for it in models)


def attacked(policy: Policy, source: Any, release: Any, tried: Tried) -> "AttackReport":
    """Attack a release of rows with all that `source` tells of the people in it."""
    asked = policy.anonymise
    if asked is None:
        raise PolicyFailed(("the policy does not say how rows are anonymised",))
    return privacy.attacks.run(
        release,
        source,
        quasi_identifiers=hierarchies_of(asked.hierarchies),
        sensitive=policy.named(Role.SENSITIVE),
        k=asked.k,
        seed=tried.seed,
        limit_rows=tried.rows,
    )


def _anonymised(
    policy: Policy,
    source: Sequence[str],
    target: Path,
    *,
    kept: Mapping[str, int] | None,
    earlier: Sequence[Files],
    tried: Tried,
) -> Treated:
    asked, sensitive = policy.anonymise, policy.named(Role.SENSITIVE)
    if earlier and asked is not None and asked.recoding != "full-domain":
        raise PolicyFailed((LOCAL_ONCE,))
    result = recoded(policy, list(source), output=target, kept=kept)
    left = continued(
        target,
        earlier,
        quasi=result.quasi_identifiers,
        sensitive=sensitive,
        k=asked.k if asked else 1,
    )
    found = privacy.risk.report(target, list(result.quasi_identifiers), sensitive)
    if not found.rows:
        raise PolicyFailed(("no row is left: all of them would be suppressed",))
    if asked is not None and found.k < asked.k:
        raise PolicyFailed((f"the release was found to have k = {found.k}, not {asked.k}",))
    report = attacked(policy, list(source), target, tried)
    drawn = _as_left(result, left, found) if left.remarks else result.certificate
    return Treated(path=target, certificate=_withstood(drawn, policy, report))


def _as_left(result: "Result", left: Continued, found: "Risk") -> Certificate:
    drawn = result.certificate
    return replace(
        drawn,
        rows=left.rows,
        suppressed=result.rows - left.rows,
        models_found={"k": found.k, "l": found.l, "t": found.t},
        risk={
            "prosecutor": found.prosecutor,
            "journalist": found.journalist,
            "marketer": found.marketer,
        },
        remarks=(*drawn.remarks, *left.remarks),
    )


def _aggregated(
    policy: Policy,
    source: Sequence[str],
    target: Path,
    earlier: Sequence[Files],
    tried: Tried,
) -> Treated:
    asked = policy.aggregate or {}
    cells = privacy.aggregate(
        list(source),
        by=asked["by"],
        value=asked["value"],
        unit=asked["unit"],
        rules=rules_from_json(asked["rules"]),
    )
    if (totals := totals_of(asked)) is not None:
        return _with_totals(cells, totals, policy, source, target, earlier, tried)
    published = cells.cells - cells.suppressed
    if not published:
        raise PolicyFailed((NO_CELL.format(cells.cells),))
    # A line without a sum would tell that somebody is there: empty cells have no line either.
    told = cells.table.filter(pc.is_null(cells.table[KEPT_BACK]))
    pq.write_table(told, target, compression="zstd")
    left = changed_cells(target, earlier, by=asked["by"], value=asked["value"])
    if not left.rows:
        raise PolicyFailed((CELLS_TOLD,))
    report = privacy.attacks.run(
        target, list(source), cells=_summed(asked), seed=tried.seed, limit_rows=tried.rows
    )
    drawn = replace(
        cells.certificate,
        rows=left.rows,
        suppressed=cells.cells - left.rows,
        remarks=(*cells.certificate.remarks, *_changed(left.left_out)),
    )
    return Treated(path=target, certificate=_withstood(drawn, policy, report))


def _summed(asked: Mapping[str, Any]) -> "Cells":
    return privacy.attacks.Cells(by=tuple(asked["by"]), value=asked["value"], unit=asked["unit"])


def _changed(left_out: int) -> tuple[str, ...]:
    return (CELLS_CHANGED.format(left_out),) if left_out else ()


def _with_totals(  # noqa: PLR0917 - what _aggregated knows, and the totals
    cells: "Aggregated",
    totals: Totals,
    policy: Policy,
    source: Sequence[str],
    target: Path,
    earlier: Sequence[Files],
    tried: Tried,
) -> Treated:
    import pyarrow.dataset as pads  # noqa: PLC0415 - it loads pandas wherever that is installed

    asked = policy.aggregate or {}
    told = privacy.tell(cells, totals, [pads.dataset(list(files)).to_table() for files in earlier])
    if not told.table.num_rows:
        raise PolicyFailed((CELLS_TOLD if earlier else NO_CELL.format(told.places),))
    pq.write_table(told.table, target, compression="zstd")
    report = privacy.attacks.run(
        told.cells,
        list(source),
        cells=_summed(asked),
        margins=privacy.attacks.Margins(table=told.every, truths=told.truths),
        seed=tried.seed,
        limit_rows=tried.rows,
    )
    drawn = cells.certificate
    remarks = [TOTALS_TOLD.format(f"{100 * totals.protection:g} %"), *_changed(told.changed)]
    if told.blocks_left_out:
        remarks.append(BLOCKS_LEFT_OUT)
    drawn = replace(
        drawn,
        rows=told.table.num_rows,
        suppressed=told.places - told.table.num_rows,
        models_found={**drawn.models_found, "protection": totals.protection},
        remarks=(*(it for it in drawn.remarks if it != ONE_BY_ONE), *remarks),
    )
    return Treated(path=target, certificate=_withstood(drawn, policy, report))


def broken_by(report: "AttackReport") -> "tuple[Outcome, ...]":
    """Return the attacks that succeeded for sure, which no release may leave open.

    What chance alone may have done (the control lies within the bounds) is told, not held.
    """
    return tuple(
        outcome
        for outcome in report.outcomes
        if not outcome.passed and outcome.low > outcome.control
    )


def _withstood(drawn: Certificate, policy: Policy, report: "AttackReport") -> Certificate:
    if broken := broken_by(report):
        raise PolicyFailed(tuple(outcome.words for outcome in broken))
    maybe = tuple(
        f"It may be chance, or not: {outcome.words}"
        for outcome in report.outcomes
        if not outcome.passed
    )
    return replace(
        drawn,
        policy=policy.to_json(),
        remarks=(*drawn.remarks, *maybe),
        attacks=tuple(outcome.to_json() for outcome in report.outcomes),
    )


def _answered(policy: Policy, source: Sequence[str], target: Path) -> Treated:
    """Write a release without rows: its schema says what may be asked about."""
    spec = privacy.AnswerSpec.from_json(policy.answers or {})
    before = pq.read_schema(source[0])
    shown = [*spec.keys, *spec.bounds]
    fields = [before.field(name).remove_metadata() for name in before.names if name in shown]
    fields += [
        pa.field(name, pa.string() if it.take.value == "date" else pa.int64())
        for name, it in spec.derive.items()
        if name not in before.names
    ]
    missing = [name for name in (spec.unit, *spec.bounds) if name not in before.names]
    if missing:
        raise PolicyFailed((f"the file has no column {missing[0]!r}",))
    pq.write_table(pa.schema(fields).empty_table(), target)
    drawn = Certificate(
        treatment=Treatment.ANSWERS.value,
        rows=0,
        policy=policy.to_json(),
        budget_micro_rho=0,
        remarks=(_budgets(spec.limits.per_consumer, spec.limits.per_dataset),),
    )
    return Treated(path=target, certificate=drawn)


def _budgets(per_consumer: int, per_dataset: int) -> str:
    return (
        "The release has no rows: questions are answered with noise, within budgets of "
        f"{per_consumer:,} micro-ρ for each consumer and {per_dataset:,} for all together."
    )
