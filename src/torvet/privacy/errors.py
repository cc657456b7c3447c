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
