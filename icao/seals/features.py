"""What do the objects of a seal mean? One table for each type of document. (Doc 9303-13; TR-03137-1, 5 to 10)

An object that no table knows, or whose bytes are not what the table says, is shown as it is: it was signed, too.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from icao.seals import c40, dates
from icao.seals.objects import SealObject, read_objects
from icao.seals.seal import Field
from icao.tlv import Garbled

# How many characters of each line of a zone a seal keeps: visas leave the end of the second line out.
ZONE_WIDTHS: Final[dict[str, tuple[int, ...]]] = {
    "MRVA": (44, 28),
    "MRVB": (36, 28),
    "TD1": (30, 30, 30),
    "TD2": (36, 36),
    "TD3": (44, 44),
}
WHOLE_WIDTHS: Final[dict[str, tuple[int, ...]]] = {"MRVA": (44, 44), "MRVB": (36, 36)}  # in barcodes with more room


@dataclass(frozen=True, slots=True)
class Feature:
    """``coding`` is a key of DECODERS, a key of ZONE_WIDTHS, or ``visa`` and ``emergency`` for objects within."""

    name: str
    coding: str


@dataclass(frozen=True, slots=True)
class Profile:
    """One type of document. ``attached`` names the feature that holds the number of the document it belongs to.

    ``codes`` are the document types of its signers where no zone tells them.
    """

    type: str
    features: Mapping[int, Feature]
    attached: str = ""
    codes: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, repr=False)
class Content:
    """What the objects of one seal say."""

    fields: tuple[Field, ...] = ()
    zone: tuple[str, ...] = ()

    def value(self, name: str) -> str:
        return next((str(field.value) for field in self.fields if field.known and field.name == name), "")


def _number(name: str) -> Feature:
    return Feature(name, "c40")


VISA: Final = Profile(
    "visa",
    {
        1: Feature("mrz", "MRVA"),
        2: Feature("mrz", "MRVB"),
        3: Feature("number_of_entries", "byte"),
        4: Feature("duration_of_stay", "stay"),
        5: _number("passport_number"),
        6: Feature("visa_type", "bytes"),
        7: Feature("additional_feature", "bytes"),
    },
    attached="passport_number",
    codes=frozenset({"V"}),
)
EMERGENCY: Final = Profile("emergency-travel-document", {2: Feature("mrz", "TD2")})
STICKER: Final = {1: _number("document_number"), 2: _number("municipality_code")}
ADDRESS: Final = Profile(
    "address-sticker", STICKER | {3: _number("address")}, attached="document_number", codes=frozenset({"ST"})
)

# Document feature definition reference and document type category, as they end the header of a VDS.
VDS_PROFILES: Final[dict[tuple[int, int], Profile]] = {
    (0x5D, 0x01): VISA,  # Doc 9303-7, 9.1
    (0x5E, 0x03): EMERGENCY,  # Doc 9303-8
    (0xFD, 0x02): Profile("arrival-attestation", {2: Feature("mrz", "TD2"), 3: _number("azr_number")}),
    (0xFC, 0x04): Profile(
        "social-insurance-card",
        {
            1: _number("social_insurance_number"),
            2: Feature("surname", "utf8"),
            3: Feature("first_name", "utf8"),
            4: Feature("name_at_birth", "utf8"),
        },
    ),
    (0xFB, 0x06): Profile(
        "residence-permit",
        {2: Feature("mrz", "TD2"), 3: _number("passport_number")},
        attached="passport_number",
    ),
    (0xFA, 0x06): Profile("supplementary-sheet", {4: Feature("mrz", "TD2"), 5: _number("sheet_number")}),
    (0xF9, 0x08): ADDRESS,  # on an identity card
    (0xF9, 0x0C): ADDRESS,  # on a residence permit
    (0xF8, 0x0A): Profile(
        "residence-sticker",  # in a passport
        STICKER | {3: _number("postal_code")},
        attached="document_number",
        codes=frozenset({"ST"}),
    ),
}
UNKNOWN: Final = Profile("unknown", {})

# ICAO TR Datastructure for Barcode: tags up to 7F are ICAO's, the others national (here: Germany's, as published).
IDB_MESSAGES: Final[dict[int, Feature]] = {
    0x01: Feature("visa", "visa"),
    0x02: Feature("emergency_travel_document", "emergency"),
    0x03: Feature("proof_of_testing", "bytes"),
    0x04: Feature("proof_of_vaccination", "bytes"),
    0x05: Feature("proof_of_recovery", "bytes"),
    0x06: Feature("digital_travel_authorization", "bytes"),
    0x07: Feature("mrz", "TD1"),
    0x08: Feature("mrz", "TD3"),
    0x09: _number("can"),
    0x0A: Feature("ef_card_access", "bytes"),
    0x80: Feature("face_image", "bytes"),
    0x81: Feature("mrz", "TD2"),
    0x82: _number("document_reference"),
    0x83: _number("azr_number"),
    0x84: Feature("expiry_date", "masked_date"),
    0x85: _number("document_number"),
    0x86: Feature("national_document_type", "byte"),
}
NATIONAL_FROM: Final = 0x80
WITHIN: Final = {"visa": VISA, "emergency": EMERGENCY}


def read_content(objects: Iterable[SealObject], features: Mapping[int, Feature]) -> Content:
    """Raises nothing: what cannot be read is shown as hex."""
    fields: list[Field] = []
    zone: tuple[str, ...] = ()
    for one in objects:
        feature = features.get(one.tag)
        if feature is None:
            fields.append(_raw(f"tag_{one.tag:02x}", one))
            continue
        try:
            within = _within(one.value, feature)
        except (Garbled, UnicodeDecodeError):
            fields.append(_raw(feature.name, one))
            continue
        fields += within.fields
        zone = zone or within.zone
    return Content(tuple(fields), zone)


def _within(value: bytes, feature: Feature) -> Content:
    if feature.coding in WITHIN:
        return read_content(read_objects(value), WITHIN[feature.coding].features)
    if feature.coding in ZONE_WIDTHS:
        zone = decode_zone(value, feature.coding)
        return Content((Field(feature.name, "\n".join(zone)),), zone)
    decoded = DECODERS[feature.coding](value)
    return Content((Field(feature.name, decoded, known=feature.coding != "bytes"),))


def decode_zone(value: bytes, format: str) -> tuple[str, ...]:
    """The lines of a zone, as much as a seal keeps of them. Raises Garbled."""
    text = c40.decode(value).replace(" ", "<")
    fitting = [widths for widths in (ZONE_WIDTHS[format], WHOLE_WIDTHS.get(format, ())) if len(text) == sum(widths)]
    if not fitting:
        raise Garbled("a zone in the seal has another length than its format")
    widths = fitting[0]
    starts = [sum(widths[:line]) for line in range(len(widths))]
    return tuple(text[start : start + width] for start, width in zip(starts, widths, strict=True))


def encode_zone(lines: Iterable[str], format: str) -> bytes:
    """The other way round; what the seal does not keep of a line is left out."""
    return c40.encode("".join(line[:width] for line, width in zip(lines, ZONE_WIDTHS[format], strict=True)))


def _stay(value: bytes) -> str:
    """Days, months and years, one byte each. (Doc 9303-7, 9.1.3)

    >>> _stay(bytes.fromhex("A00000")), _stay(bytes.fromhex("1E0001")), _stay(bytes(3))
    ('160 days', '30 days 1 year', '0 days')
    """
    if len(value) != 3:
        raise Garbled("a duration of stay has three bytes")
    units = zip(value, ("day", "month", "year"), strict=True)
    return " ".join(f"{count} {unit}{'' if count == 1 else 's'}" for count, unit in units if count) or "0 days"


def _byte(value: bytes) -> int:
    if len(value) != 1:
        raise Garbled("a number has one byte")
    return value[0]


def _raw(name: str, one: SealObject) -> Field:
    return Field(name, one.value.hex(), known=False)


DECODERS: Final[dict[str, Callable[[bytes], str | int]]] = {
    "c40": lambda value: c40.decode(value).strip(),
    "utf8": lambda value: value.decode("utf-8"),
    "byte": _byte,
    "bytes": bytes.hex,
    "stay": _stay,
    "masked_date": dates.decode_masked_date,
}
