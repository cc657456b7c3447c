"""Purposes of use, from the Data Privacy Vocabulary (W3C DPV 2, module "purposes").

A purpose has broader ones; whoever may use data for “Public benefit” may use it to improve
transport. The codes and their hierarchy are DPV's; the Danish labels are ours.
"""

from dataclasses import dataclass

from .sentences import Sentence

DPV = "https://w3id.org/dpv#"
ANY = "Purpose"


@dataclass(frozen=True, slots=True)
class Purpose:
    """One DPV purpose. `broader` are the codes of the purposes that include it."""

    code: str
    broader: tuple[str, ...]
    label: Sentence

    @property
    def iri(self) -> str:
        return DPV + self.code


def _purpose(code: str, broader: str, en: str, da: str) -> Purpose:
    return Purpose(code, tuple(broader.split()), Sentence(da=da, en=en))


PURPOSES: dict[str, Purpose] = {
    purpose.code: purpose
    for purpose in (
        _purpose(ANY, "", "any purpose", "ethvert formål"),
        _purpose(
            "ResearchAndDevelopment", ANY, "research and development", "forskning og udvikling"
        ),
        _purpose(
            "AcademicResearch", "ResearchAndDevelopment", "academic research", "akademisk forskning"
        ),
        _purpose(
            "CommercialResearch",
            "ResearchAndDevelopment CommercialPurpose",
            "commercial research",
            "kommerciel forskning",
        ),
        _purpose(
            "NonCommercialResearch",
            "ResearchAndDevelopment NonCommercialPurpose",
            "non-commercial research",
            "ikke-kommerciel forskning",
        ),
        _purpose("CommercialPurpose", ANY, "commercial purpose", "kommercielt formål"),
        _purpose("NonCommercialPurpose", ANY, "non-commercial purpose", "ikke-kommercielt formål"),
        _purpose("PublicBenefit", ANY, "public benefit", "samfundsnytte"),
        _purpose(
            "CombatClimateChange",
            "PublicBenefit",
            "combating climate change",
            "bekæmpelse af klimaforandringer",
        ),
        _purpose("DataAltruism", "PublicBenefit", "data altruism", "dataaltruisme"),
        _purpose(
            "ImproveHealthcare",
            "PublicBenefit",
            "improving healthcare",
            "forbedring af sundhedsvæsenet",
        ),
        _purpose(
            "ImprovePublicServices",
            "PublicBenefit",
            "improving public services",
            "forbedring af offentlige tjenester",
        ),
        _purpose(
            "ImproveTransportMobility",
            "PublicBenefit",
            "improving transport and mobility",
            "forbedring af transport og mobilitet",
        ),
        _purpose(
            "ProtectionOfPublicSecurity",
            "PublicBenefit",
            "protecting public security",
            "beskyttelse af den offentlige sikkerhed",
        ),
        _purpose(
            "ProvideOfficialStatistics",
            "PublicBenefit",
            "official statistics",
            "officiel statistik",
        ),
        _purpose(
            "PublicPolicyMaking",
            "PublicBenefit",
            "public policy making",
            "offentlig politikudvikling",
        ),
        _purpose("ServiceProvision", ANY, "providing a service", "levering af en tjeneste"),
        _purpose(
            "RequestedServiceProvision",
            "ServiceProvision",
            "providing a requested service",
            "levering af en bestilt tjeneste",
        ),
        _purpose(
            "PaymentManagement", "ServiceProvision", "payment management", "betalingshåndtering"
        ),
        _purpose(
            "ServiceOptimisation",
            "ServiceProvision",
            "optimising a service",
            "optimering af en tjeneste",
        ),
        _purpose(
            "OptimisationForConsumer",
            "ServiceOptimisation",
            "optimising for the consumer",
            "optimering for forbrugeren",
        ),
        _purpose(
            "OptimisationForController",
            "ServiceOptimisation",
            "optimising for the provider",
            "optimering for udbyderen",
        ),
        _purpose(
            "ImproveExistingProductsAndServices",
            "OptimisationForController",
            "improving existing products and services",
            "forbedring af eksisterende produkter og tjenester",
        ),
        _purpose(
            "InternalResourceOptimisation",
            "OptimisationForController",
            "optimising internal resources",
            "optimering af interne ressourcer",
        ),
        _purpose(
            "ServicePersonalisation",
            "ServiceProvision Personalisation",
            "personalising a service",
            "personalisering af en tjeneste",
        ),
        _purpose("Personalisation", ANY, "personalisation", "personalisering"),
        _purpose(
            "FulfilmentOfObligation",
            ANY,
            "fulfilling an obligation",
            "opfyldelse af en forpligtelse",
        ),
        _purpose(
            "LegalCompliance",
            "FulfilmentOfObligation",
            "legal compliance",
            "overholdelse af lovgivning",
        ),
        _purpose(
            "FulfilmentOfContractualObligation",
            "FulfilmentOfObligation",
            "fulfilling a contract",
            "opfyldelse af en kontrakt",
        ),
        _purpose(
            "OrganisationGovernance", ANY, "organisation governance", "ledelse af organisationen"
        ),
        _purpose(
            "OrganisationRiskManagement",
            "OrganisationGovernance",
            "risk management",
            "risikostyring",
        ),
        _purpose("CustomerManagement", ANY, "customer management", "kundehåndtering"),
        _purpose("CustomerCare", "CustomerManagement", "customer care", "kundeservice"),
        _purpose("EnforceSecurity", ANY, "enforcing security", "håndhævelse af sikkerhed"),
        _purpose("Marketing", ANY, "marketing", "markedsføring"),
        _purpose("Advertising", "Marketing", "advertising", "reklame"),
        _purpose("DirectMarketing", "Marketing", "direct marketing", "direkte markedsføring"),
        _purpose(
            "PersonalisedAdvertising",
            "Personalisation Advertising",
            "personalised advertising",
            "personaliseret reklame",
        ),
    )
}


def code_of(text: str) -> str | None:
    """Return the code of a purpose written as `PublicBenefit`, `dpv:PublicBenefit` or its IRI."""
    for prefix in (DPV, "https://w3id.org/dpv/owl#", "dpv:"):
        text = text.removeprefix(prefix)
    return text if text in PURPOSES else None


def is_within(code: str, broad: str) -> bool:
    """Say whether the purpose `code` is `broad` or narrower; unknown ones are within nothing."""
    purpose = PURPOSES.get(code)
    if purpose is None or broad not in PURPOSES:
        return False
    return code == broad or any(is_within(broader, broad) for broader in purpose.broader)


def by_code() -> dict[str, Purpose]:
    """Return every purpose that is known here."""
    return dict(PURPOSES)


def label(code: str) -> Sentence:
    """Return what people call the purpose."""
    purpose = PURPOSES.get(code)
    return Sentence(da=code, en=code) if purpose is None else purpose.label
