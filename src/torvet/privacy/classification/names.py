"""What a column's name says, in Danish and in English.

A cue is what names like it usually hold. `Reach.ALONE` makes a table one of people by itself,
as a customer number does. `Reach.PERSON` says something about a person: two of them do.
`Reach.WITHIN` says something only where rows are about people already: a street is a garage's
as well, and a consumption is a country's.
"""

from dataclasses import dataclass
from enum import StrEnum

from .model import Role
from .patterns import pattern


class Reach(StrEnum):
    """How far a name goes by itself."""

    ALONE = "alone"
    PERSON = "person"
    WITHIN = "within"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cue:
    """What a name says: the role its column would have, and `words` that finish "it names …"."""

    role: Role
    kind: str
    reach: Reach
    words: str


def _cue(role: Role, kind: str, reach: Reach, words: str, names: str) -> tuple[Cue, str]:
    return Cue(role=role, kind=kind, reach=reach, words=words), rf"(?:^| )(?:{names})(?: |$)"


_ID = r"(?: ?(?:id|no|nr|num|number|nummer|numre|key|code|kode|ref|uuid|guid|pk))"
_WHO = (
    "customer|client|kunde|borger|citizen|person|persons|individ|individual|patient|beboer|"
    "resident|tenant|lejer|household|husstand|husstands|user|bruger|member|medlem|employee|"
    "medarbejder|student|elev|studerende|subscriber|abonnent|passenger|passager|driver|fører|"
    "cardholder|kortholder|consumer|forbruger|respondent|owner|ejer|applicant|ansøger|child|barn|"
    "pupil|donor|voter|vælger|aftager|kontohaver|participant|deltager|subject"
)
_I, _Q, _S = Role.IDENTIFIER, Role.QUASI_IDENTIFIER, Role.SENSITIVE
_A, _P, _W = Reach.ALONE, Reach.PERSON, Reach.WITHIN

# The first that fits is taken: what is told apart more finely stands first.
_CUES = (
    _cue(_I, "cpr", _A, "a personal number",
         rf"cpr{_ID}?|personnummer|person ?nr|ssn|social security.*|national id|fødselsnummer"),
    _cue(_I, "customer", _A, "a customer, citizen or household",
         rf"(?:{_WHO}){_ID}|(?:customer|kunde|husstand|household|borger|citizen|patient)"),
    _cue(_I, "meter", _A, "a meter or metering point, and so a household",
         rf"(?:meter|måler|maaler|målepunkts?|maalepunkts?|metering ?points?|installation|"
         rf"installations|aftagepunkt|supply point|mpan|mprn){_ID}|gsrn|"
         r"målepunkt|metering ?point|målernummer|målernr|målepunktsid"),
    _cue(_I, "name", _A, "a person's name",
         r"(?:first|last|given|family|full|middle|maiden) ?names?|surname|forname|forename|"
         r"fornavne?|efternavne?|mellemnavne?|fulde? ?navn|kundenavn|"
         rf"(?:{_WHO}) ?(?:name|navn)"),
    _cue(_I, "email", _A, "an e-mail address", r".*\be ?mail.*|mail ?adresse|mailadresse"),
    _cue(_I, "phone", _A, "a telephone number",
         r"(?:tele)?phone.*|telefon.*|tlf.*|mobil(?:e|nr|nummer| nr| nummer| phone| number)?|"
         r"msisdn|cell ?(?:phone|number)|(?:home|work) phone"),
    _cue(_I, "account", _A, "a bank account",
         r"iban|bank ?(?:account|konto).*|konto ?(?:nr|nummer)|account ?(?:no|nr|number)|"
         r"card ?number|kortnummer"),
    _cue(_I, "device", _A, "somebody's device",
         r"mac(?: ?addr(?:ess)?| ?adresse)?|imei|imsi|advertising id|adid|idfa|"
         r"ip(?: ?addr(?:ess)?| ?adresse)|phone id|handset.*"),
    _cue(_I, "vehicle", _A, "a vehicle's number plate",
         r"(?:number|license|licence) ?plates?|plate ?(?:no|nr|number)|nummerplade|"
         r"registreringsnummer|reg ?nr|indregistrerings.*|vin|stelnummer"),
    _cue(_I, "document", _A, "a document of a person",
         r"passport.*|pas ?(?:nr|nummer)|kørekort.*|driving licen[cs]e.*|"
         r"sundhedskort.*|nemid|mitid"),
    _cue(_I, "login", _A, "an account of a person",
         r"user ?name|brugernavn|login|screen ?name|handle"),
    _cue(_I, "device", _W, "a device, which may be somebody's",
         rf"(?:device|vehicle|bil|bike|cykel|trip|tur|session|card|kort|tag|account|konto){_ID}|"
         r"pseudonym|hash"),
    _cue(_S, "health", _P, "somebody's health",
         r"diagnos.*|disease|illness|sygdom.*|icd ?(?:9|10)?|medicin.*|medication|drugs?|"
         r"health.*|helbred.*|handicap|disabilit.*|treatment|behandling|sygefravær|blood.*|"
         r"symptom.*|hiv|pregnan.*|gravid.*"),
    _cue(_S, "belief", _P, "what somebody believes or belongs to",
         r"religio.*|tro|trosretning|union|fagforening.*|politi(?:k|cal).*|party affiliation|"
         r"sexual.*|seksuel.*"),
    _cue(_S, "crime", _P, "what somebody did or is accused of",
         r"crim(?:e|inal).*|straf.*|offen[cs]e.*|conviction.*|dom|arrest.*"),
    _cue(_S, "money", _P, "what somebody earns, owns or owes",
         r"(?:.* )?(?:income|salary|wage|wages|løn|indkomst|indtægt|formue|wealth|debt|gæld|"
         r"salary class|kontanthjælp|ydelse|pension|credit score|skat|tax)(?: .*)?"),
    _cue(_Q, "birth", _P, "when somebody was born",
         r"(?:date of )?birth.*|dob|year of birth|fødsels?.*|født|foedt|fødeår|"
         r"age(?: .*)?|alder(?: .*)?|ages|aldersgruppe"),
    _cue(_Q, "sex", _P, "a person's sex", r"sex|gender|køn|koen"),
    _cue(_Q, "work", _P, "what somebody works as",
         r"occupation.*|profession|job(?: title)?|stilling.*|erhverv|work ?class|beskæftigelse|"
         r"employment(?: status)?|branche ?kode"),
    _cue(_Q, "education", _P, "what somebody has learnt",
         r"education.*|uddannelse.*|school(?:ing)?|degree"),
    _cue(_Q, "family", _P, "with whom somebody lives",
         r"marital.*|civilstand|civil status|relationship|ægteskab.*|children|børn|antal børn|"
         r"household ?size|husstandsstørrelse|family size|familie.*"),
    _cue(_Q, "origin", _P, "where somebody comes from",
         r"rac(?:e|ial).*|ethni.*|etni.*|nationalit.*|statsborger.*|citizenship|"
         r"native ?country|herkomst|oprindelse(?:sland)?|country of (?:birth|origin)|"
         r"(?:place|country) of birth|fødeland|fødested|language|modersmål"),
    _cue(_Q, "body", _P, "a person's body", r"bmi|eye colou?r|øjenfarve|body weight"),
    _cue(_Q, "place", _W, "a place, which may be somebody's home",
         r"(?:.* )?(?:address|adresse|street|vej|vejnavn|gade|house ?n(?:o|r|umber)|husnr|"
         r"husnummer|"
         r"post ?(?:al )?(?:code|nr|nummer)|postcode|zip(?: ?code)?|city|by|bynavn|town|"
         r"municipality|"
         r"kommune|kommunekode|sogn|parish|district|bydel|region|lat|latitude|breddegrad|lon|lng|"
         r"longitude|længdegrad|geometry|geometri|location|lokation|h3|zone|bfe|matrikel)(?: .*)?"),
    _cue(_Q, "home", _W, "a dwelling",
         r"(?:.* )?(?:unit type|dwelling.*|bolig.*|building.*|bygnings?.*|construction year|"
         r"year of construction|byggeår|opførelsesår|floor area|area m2|boligareal|energy label|"
         r"energimærke|rooms|værelser|heating)(?: .*)?"),
    _cue(_S, "consumption", _W, "what somebody consumes",
         r"(?:.* )?(?:k ?wh|m ?wh|wh|consumption|forbrug|usage|load|energy|volume|flow|m3|liter|"
         r"litre|heat|varme|gas|water|vand|reading|aflæsning|gc|gg)(?: .*)?"),
    _cue(_S, "amount", _W, "what somebody paid or got",
         r"(?:.* )?(?:amount|beløb|price|pris|cost|balance|saldo|dkk|eur|kr|"
         r"payment|betaling)(?: .*)?"),
    _cue(_Q, "moment", _W, "when something happened to somebody",
         r"(?:.* )?(?:ts|time|timestamp|tid|tidspunkt|date|dato|hour|time rounded|start|end|"
         r"check ?in|check ?out)(?: .*)?"),
)  # fmt: skip

_COUNTS = (
    r"(?:^| )(?:n|count|counts|antal|number of|households|husstande|persons|personer|population|"
    r"befolkning|folketal|indbyggere|inhabitants|mean|average|gennemsnit|median|share|andel|pct|"
    r"percent|procent|rate|sum|total|vehicles|antal personer)(?: |$)"
)
_CAMEL = r"(?<=[a-zæøå0-9])(?=[A-ZÆØÅ])|(?<=[A-ZÆØÅ])(?=[A-ZÆØÅ][a-zæøå])"
_BETWEEN = r"[^0-9a-zæøåäöüé]+"


def spoken(name: str) -> str:
    """Return a column's name as words: `CustomerID` and `customer_id` are `customer id`."""
    return pattern(_BETWEEN).sub(" ", pattern(_CAMEL).sub(" ", name).casefold()).strip()


def cue_of(name: str) -> Cue | None:
    """Return what a column's name says, or None where it says nothing."""
    words = spoken(name)
    if counts(name) and not words.endswith((" id", " nr", " number", " no")):
        return None
    return next((cue for cue, names in _CUES if pattern(names).search(words)), None)


def cue_of_text(name: str) -> Cue | None:
    """Return what a column of texts says by a name that means a length where it holds numbers."""
    bare = {"meter", "meters", "måler", "maaler", "målere", "installation"}
    return cue_of("meter id") if spoken(name) in bare else cue_of(name)


def counts(name: str) -> bool:
    """Say whether a name is that of a count, a mean or a share: of many, and so of nobody."""
    return bool(pattern(_COUNTS).search(spoken(name)))


def is_bare_name(name: str) -> bool:
    """Say whether a column is called a name and no more, of whatever it is."""
    return spoken(name) in {"name", "navn", "names", "navne"}
