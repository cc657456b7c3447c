"""What can be wrong with making data safe, in words that its caller can act on."""

from dataclasses import dataclass

from torvet.kit.errors import ExchangeError, Kind


@dataclass(eq=False)
class CertificateInvalid(ExchangeError):
    kind, code = Kind.INVALID, "certificate-invalid"
    advice = "Take the certificate again: GET /api/datasets/{slug}/releases/{number}/certificate."
    fault: str

    def __str__(self) -> str:
        return f"This is no release certificate: {self.fault}."


@dataclass(eq=False)
class CertificateNotFound(ExchangeError):
    kind, code = Kind.NOT_FOUND, "certificate-not-found"
    advice = "Releases of before certificates were made have none; publish again to get one."
    dataset: str
    number: int

    def __str__(self) -> str:
        return f"Release {self.number} of dataset {self.dataset!r} has no certificate."


@dataclass(eq=False)
class PolicyInvalid(ExchangeError):
    kind, code = Kind.INVALID, "privacy-policy-invalid"
    advice = "Start from the proposal, and change what is named: `torvet privacy proposal`."
    faults: tuple[str, ...]

    def __str__(self) -> str:
        return f"The privacy policy cannot be used so: {'; '.join(self.faults)}."


@dataclass(eq=False)
class PolicyNeeded(ExchangeError):
    kind, code = Kind.CONFLICT, "privacy-policy-needed"
    advice = (
        "Look at what is proposed (`torvet privacy proposal DATASET`), set a policy "
        "(`torvet privacy policy DATASET FILE`): the held delivery goes on by itself."
    )
    columns: tuple[str, ...]

    def __str__(self) -> str:
        named = ", ".join(self.columns)
        return f"The file holds personal data ({named}), and the dataset has no privacy policy."


@dataclass(eq=False)
class PolicyFailed(ExchangeError):
    kind, code = Kind.CONFLICT, "privacy-policy-failed"
    advice = (
        "Change the policy (other hierarchies, a larger suppression limit, or another "
        "treatment) and set it again: the held delivery goes on by itself."
    )
    reasons: tuple[str, ...]

    def __str__(self) -> str:
        return f"The privacy policy does not make this file safe: {'; '.join(self.reasons)}."


@dataclass(eq=False)
class CodesNotOrdered(ExchangeError):
    """What Mondrian was given to partition cannot be cut."""

    kind, code = Kind.INVALID, "codes-not-ordered"
    advice = "Give every value its place in an order, from 0 on; a null has a place of its own."
    fault: str

    def __str__(self) -> str:
        return f"Local recoding cuts ordered codes: {self.fault}."


@dataclass(eq=False)
class ModelOutOfReach(ExchangeError):
    """Not even all rows as one class keep what is asked for."""

    kind, code = Kind.INVALID, "privacy-model-out-of-reach"
    advice = "Ask for less (a smaller k or l, a larger t), or collect more rows."
    fault: str

    def __str__(self) -> str:
        return f"No grouping of these rows can be safe enough: {self.fault}."


@dataclass(eq=False)
class SourceUnreadable(ExchangeError):
    kind, code = Kind.INVALID, "privacy-source-unreadable"
    advice = "Give a CSV or Parquet file, a folder of a Delta table, or an Arrow table."
    source: str
    why: str

    def __str__(self) -> str:
        return f"{self.source!r} cannot be read: {self.why}."


@dataclass(eq=False)
class HierarchyMissesValue(ExchangeError):
    kind, code = Kind.INVALID, "hierarchy-misses-value"
    advice = "Add the value to the hierarchy, or correct it in the table."
    hierarchy: str
    value: str

    def __str__(self) -> str:
        return f"The hierarchy {self.hierarchy} has no place for the value {self.value!r}."


@dataclass(eq=False)
class HierarchyNotATree(ExchangeError):
    kind, code = Kind.INVALID, "hierarchy-not-a-tree"
    advice = "Give every value one parent on the next level, and all of them one root."
    hierarchy: str
    fault: str

    def __str__(self) -> str:
        return f"The hierarchy {self.hierarchy} is not a tree: {self.fault}."


@dataclass(eq=False)
class HierarchyUneven(ExchangeError):
    kind, code = Kind.INVALID, "hierarchy-uneven"
    advice = "Repeat a value on the level above where it has no coarser form of its own."
    hierarchy: str
    value: str
    levels: int
    expected: int

    def __str__(self) -> str:
        return (
            f"The hierarchy {self.hierarchy} has {self.levels} levels for the value "
            f"{self.value!r}, and {self.expected} are needed."
        )


@dataclass(eq=False)
class ModelsInvalid(ExchangeError):
    kind, code = Kind.INVALID, "privacy-models-invalid"
    advice = "Correct the privacy model that is named."
    fault: str

    def __str__(self) -> str:
        return f"The privacy models cannot be kept so: {self.fault}."


@dataclass(eq=False)
class ColumnsInvalid(ExchangeError):
    kind, code = Kind.INVALID, "privacy-columns-invalid"
    advice = "Name columns of the table, each in one role only."
    fault: str

    def __str__(self) -> str:
        return f"The columns cannot be used so: {self.fault}."


@dataclass(eq=False)
class KExceedsRows(ExchangeError):
    kind, code = Kind.REFUSED, "k-exceeds-rows"
    advice = "Gather more rows, or ask for a smaller k."
    k: int
    rows: int

    def __str__(self) -> str:
        return f"Classes of {self.k:,} rows are asked for, and the table has {self.rows:,} rows."


@dataclass(eq=False)
class NothingSafe(ExchangeError):
    kind, code = Kind.REFUSED, "nothing-safe"
    advice = "Raise the suppression limit, ask for less, or give hierarchies with coarser steps."
    suppressed_most_general: int
    allowed: int

    def __str__(self) -> str:
        return (
            f"No transformation keeps the models: even with nothing left of the "
            f"quasi-identifiers {self.suppressed_most_general:,} rows would be left out, and "
            f"{self.allowed:,} may be."
        )


@dataclass(eq=False)
class GivenUnsafe(ExchangeError):
    """The transformation that was given does not keep what is asked."""

    kind, code = Kind.REFUSED, "given-unsafe"
    advice = "Raise the suppression limit, or leave the transformation to be found anew."
    suppressed: int
    allowed: int

    def __str__(self) -> str:
        if self.suppressed <= self.allowed:
            return (
                "The transformation that is given shows nobody of some classes of the population:"
                " whoever is in them is known not to be in the table."
            )
        return (
            f"The transformation that is given leaves out {self.suppressed:,} rows, and"
            f" {self.allowed:,} may be."
        )


@dataclass(eq=False)
class TooManyNodes(ExchangeError):
    kind, code = Kind.TOO_LARGE, "lattice-too-large"
    advice = "Use fewer quasi-identifiers, or hierarchies with fewer levels."
    nodes: int
    limit: int

    def __str__(self) -> str:
        return (
            f"There are {self.nodes:,} transformations to choose from; {self.limit:,} is the limit."
        )


@dataclass(eq=False)
class AnswersInvalid(ExchangeError):
    """A policy's `answers` makes no sense."""

    kind, code = Kind.INVALID, "answers-policy-invalid"
    advice = "Correct what is named; how to write it is in docs/how-to/provider.md."
    faults: tuple[str, ...]

    def __str__(self) -> str:
        return f"The policy for answers cannot be used: {'; '.join(self.faults)}."


@dataclass(eq=False)
class QuestionInvalid(ExchangeError):
    """A question leaves what may be asked."""

    kind, code = Kind.INVALID, "question-invalid"
    advice = (
        "Ask for count, sum, mean, histogram or quantile; filter and group by the public keys "
        "that GET /api/contracts/{id}/budget lists."
    )
    fault: str

    def __str__(self) -> str:
        return f"This cannot be asked: {self.fault}."


@dataclass(eq=False)
class BudgetSpent(ExchangeError):
    """There is less left to learn than the question costs. Nothing was charged."""

    kind, code = Kind.REFUSED, "budget-spent"
    advice = (
        "Ask more coarsely (a smaller micro_rho), repeat a question that you have an answer to "
        "(free), or wait until the budget is fresh where its policy says so."
    )
    whose: str
    """`consumer`, or `dataset`: what all consumers together may learn."""
    price_micro_rho: int
    left_micro_rho: int

    def __str__(self) -> str:
        who = "Your" if self.whose == "consumer" else "The dataset's"
        return (
            f"{who} privacy budget has {self.left_micro_rho:,} micro-ρ left, and the question "
            f"costs {self.price_micro_rho:,}."
        )


@dataclass(eq=False)
class NoAnswers(ExchangeError):
    """The dataset, or this release of it, gives no answers."""

    kind, code = Kind.NOT_FOUND, "no-answers"
    advice = "Ask the provider for a policy whose treatment is `answers`, or read the rows."
    dataset: str

    def __str__(self) -> str:
        return f"The dataset {self.dataset!r} gives no answers."


@dataclass(eq=False)
class RulesInvalid(ExchangeError):
    """The rules for publishing cells cannot be kept."""

    kind, code = Kind.INVALID, "aggregation-rules-invalid"
    advice = "Name at least one of min-contributors, max-share, p-percent and dominance."
    fault: str

    def __str__(self) -> str:
        return f"The rules for cells cannot be used so: {self.fault}."


@dataclass(eq=False)
class CellsInvalid(ExchangeError):
    """A source cannot be added up to cells, or a table of cells is none."""

    kind, code = Kind.INVALID, "aggregation-invalid"
    advice = (
        "Store quantities as whole numbers (energy in Wh), import and export in columns of their "
        "own, and name columns that are there."
    )
    fault: str

    def __str__(self) -> str:
        return f"These rows cannot be added up to cells: {self.fault}."


@dataclass(eq=False)
class AttacksInvalid(ExchangeError):
    kind, code = Kind.INVALID, "attacks-invalid"
    advice = "Name columns that both tables have, and the suite default or quick."
    fault: str

    def __str__(self) -> str:
        return f"The attacks cannot be made so: {self.fault}."


@dataclass(eq=False)
class ProposalNotFound(ExchangeError):
    kind, code = Kind.NOT_FOUND, "privacy-proposal-not-found"
    advice = "Deliver a file: a proposal is made where personal data is found in it."
    dataset: str

    def __str__(self) -> str:
        return f"Nothing is proposed for dataset {self.dataset!r}: no personal data was found yet."


@dataclass(eq=False)
class PeriodUnclear(ExchangeError):
    """A period is no ISO 8601 duration that periods can be made of."""

    kind, code = Kind.INVALID, "period-unclear"
    advice = "Write hours, days and weeks as PT1H, P1D, P7D, and months and years as P1M, P1Y."
    period: str

    def __str__(self) -> str:
        return f"{self.period!r} is no period."


@dataclass(eq=False)
class KeyTooShort(ExchangeError):
    """A key for pseudonyms could be guessed."""

    kind, code = Kind.INVALID, "pseudonym-key-too-short"
    advice = "Take as many random bytes, and keep them where no consumer gets them."
    bytes_min: int

    def __str__(self) -> str:
        return f"A key for pseudonyms has at least {self.bytes_min} bytes."


@dataclass(eq=False)
class RowReleaseRefused(ExchangeError):
    """Rows of a stream would let people be found again, whatever they are called in it."""

    kind, code = Kind.REFUSED, "row-release-refused"
    advice = "Publish an aggregate or sell answers; rows leave only with people's consent."
    stream: str
    step_s: int
    reasons: tuple[str, ...]
    instead: str

    def __str__(self) -> str:
        rows = "traces of movement" if self.stream == "mobility" else "rows of households"
        return (
            f"{rows.capitalize()} every {self.step_s:,} s are not published: "
            f"{'; '.join(self.reasons)}. What can be published instead: {self.instead}."
        )
