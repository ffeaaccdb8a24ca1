"""How is an inspection record written down? As JSON, or as XML in a namespace of its own; ASCII both."""

import json
import re
from typing import Any, Final, Literal
from xml.etree.ElementTree import Element, SubElement, tostring

NAMESPACE: Final = "urn:borderpost:inspection-record:1"
Form = Literal["json", "xml"]

# What the elements of a list are called.
ONE_OF: Final = {
    "optical_checks": "Check", "electronic_checks": "Check", "combined_checks": "Check", "seal_checks": "Check",
    "check_digits": "CheckDigit", "timings": "Timing", "trusted": "Source", "files": "File", "repairs": "Repair",
    "printed_lines": "Line", "chip_lines": "Line",
}  # fmt: skip
# XML 1.0, 2.2: everything else may not stand in a document, not even as a reference.
FORBIDDEN: Final = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def written(record: dict[str, Any], form: Form) -> bytes:  # Any: JSON
    return as_xml(record) if form == "xml" else as_json(record)


def as_json(record: dict[str, Any]) -> bytes:  # Any: JSON
    return json.dumps(record).encode("ascii")


def as_xml(record: dict[str, Any]) -> bytes:  # Any: JSON
    """One element for each key, in the record's order; what is None is left out.

    >>> as_xml({"files": [{"size_bytes": 3}], "signer": None}).decode().split(">", 2)[2]
    '<Files><File><SizeBytes>3</SizeBytes></File></Files></InspectionRecord>'
    """
    root = Element("InspectionRecord", xmlns=NAMESPACE)
    _fill(root, record, "")
    encoded: bytes = tostring(root, encoding="us-ascii", xml_declaration=True)
    return encoded


def _fill(element: Element, value: Any, key: str) -> None:  # Any: JSON
    if isinstance(value, dict):
        for name, inner in value.items():
            if inner is not None:
                _fill(SubElement(element, _named(name)), inner, name)
    elif isinstance(value, list):
        for inner in value:
            _fill(SubElement(element, ONE_OF[key]), inner, "")
    else:
        text = ("true" if value else "false") if isinstance(value, bool) else str(value)
        element.text = FORBIDDEN.sub("\ufffd", text)


def _named(key: str) -> str:
    return "".join(word.capitalize() for word in key.split("_"))
