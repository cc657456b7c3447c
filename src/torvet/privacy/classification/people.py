"""Whether texts are names of people, by first names that are common in Denmark and in English."""

_FIRST_NAMES = frozenset(
    """
    adam agnes ahmed aisha albert aleksander alexander alfred ali alma amalie amina anders
    andreas andrew ane anette anita anja ann anna anne annette anni anthony anton arne
    arthur asger asta astrid august aya barbara benjamin bent bente benthe berit betty
    birgit birgitte birthe bo bodil brenda brian britta camilla carl carla carol caroline
    casper cecilie charles charlotte christian christina christine christopher clara claus
    connie daniel david deborah dennis ditte donald donna dorothy dorte dorthe ebba ebbe
    edith edward egon ejner elias elin elisabeth elizabeth ella ellen ellinor else emil
    emilie emily emma erik erna ernst esther eva fatima filip finn flemming frank frederik
    frederikke freja frida george gerda gitte grethe gunnar gustav hanna hannah hanne hans
    harald hassan hedda heidi helena helene helle henning henriette henrik herdis holger
    hugo hussein ib ibrahim ida inga inge ingelise inger ingrid irene isabella isak ivan
    jacob jakob james jan jane janne jason jeanette jeffrey jennifer jens jeppe jesper
    jessica jette joan johan johanne john johnny jonas jonathan josefine joseph joshua jytte
    jörgen jørgen jørn kaj karen karin karl karla kasper katrine kenneth kent kevin kim
    kirsten kirstine kjeld klaus knud kristian kristina kristine kurt larry lars laura
    laurits leif lena lene leo liam lilly linda line lis lisa lisbeth lise liva lone lotte
    louis louise lucas lucy ludvig luna lærke mads magnus maja malene malthe manfred margit
    margrethe maria mariam marianne marie marius mark markus martha martin mary mathias
    mathilde matilde matthew max melissa mercedes merete mette mia michael michelle mie
    mikael mikkel mille mogens mohamed mohammad mohammed mona morten mustafa nadia nancy
    nanna nicklas nicolai niels nikolaj nina noah nora ole olga oliver olivia omar oscar
    oskar otto patricia patrick paul peder per pernille peter philip pia poul preben rasmus
    regitze richard rikke rita robert roberto ronald ronja rosa ruth ryan sabrina sally
    samuel sander sandra sanne sara sarah scott sebastian sharon signe silje simon simone
    sofia sofie solveig sonja sophie stefan sten stephen steven stig stine susan susanne
    svend søren tage thea theis theo thomas thor thorkild tilde tim timothy tina tobias tom
    tommy tonni torben tore tove trine troels ulla ulrik valdemar vera verner vibeke victor
    victoria vigga viggo viktor viktoria villads villum vilma william winnie yasmin åge åse
    """.split()  # noqa: SIM905 - one name on each of 300 lines reads worse
)
_WORDS_MIN, _WORDS_MAX = 2, 5


def is_persons_name(text: str) -> bool:
    """Say whether `text` is written as the name of a person: a common first name, and others."""
    words = text.replace(",", " ").split()
    if not _WORDS_MIN <= len(words) <= _WORDS_MAX:
        return False
    if not all(word.replace("-", "").replace("'", "").replace(".", "").isalpha() for word in words):
        return False
    if not all(word[0].isupper() for word in words if word.casefold() not in {"von", "van", "af"}):
        return False
    # "Hansen, Jens" and "Jens Hansen": the first name is the first or the last word.
    return any(
        part in _FIRST_NAMES
        for word in (words[0], words[-1])
        for part in word.casefold().split("-")
    )


def is_first_name(text: str) -> bool:
    """Say whether `text` is a common first name and nothing else."""
    return text.strip().casefold() in _FIRST_NAMES
