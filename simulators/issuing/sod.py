"""How does a state sign what stands on a chip? EF.SOD: the groups' hashes in a CMS signature. (Doc 9303-10, 4.6.2)"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from asn1crypto import algos, core

from icao.tlv import write
from simulators.issuing.cms import PLAIN, Form, Signing, signed_data

SECURITY_OBJECT: Final = "2.23.136.1.1.1"
# What stands in the field instead: France and Belgium once, Sdu (Netherlands), China.
OLD_CONTENT_TYPES: Final = ("1.3.27.1.1.1", "1.2.528.1.1006.1.20.1", "1.2.840.113549.1.7.1")


class DataGroupHash(core.Sequence):  # type: ignore[misc]  # asn1crypto has no types
    _fields = [("number", core.Integer), ("value", core.OctetString)]  # noqa: RUF012  (asn1crypto's way)


class DataGroupHashes(core.SequenceOf):  # type: ignore[misc]  # asn1crypto has no types
    _child_spec = DataGroupHash


class LdsVersion(core.Sequence):  # type: ignore[misc]  # asn1crypto has no types
    _fields = [("lds", core.PrintableString), ("unicode", core.PrintableString)]  # noqa: RUF012  (asn1crypto's way)


class LdsSecurityObject(core.Sequence):  # type: ignore[misc]  # asn1crypto has no types
    _fields = [  # noqa: RUF012  (asn1crypto's way)
        ("version", core.Integer),
        ("hash_algorithm", algos.DigestAlgorithm),
        ("hashes", DataGroupHashes),
        ("lds_version", LdsVersion, {"optional": True}),
    ]


@dataclass(frozen=True, slots=True)
class SodForm:
    """What states do differently in the content; ``cms`` is how they sign it."""

    cms: Form = PLAIN
    group_digest: str = "sha256"
    content_type: str = SECURITY_OBJECT
    lds_version: str = ""  # "0108": version 1 of the security object
    bare: bool = False  # without the tag of the file, as some tools export it
    content: bytes | None = None  # instead of a security object


PLAIN_SOD: Final = SodForm()


def sod(groups: Mapping[int, bytes], signer: Signing, signed_at: datetime | None, form: SodForm = PLAIN_SOD) -> bytes:
    """The file: tag 77 around a CMS SignedData over the groups' hashes, with the signer's certificate in it."""
    content = security_object(groups, form) if form.content is None else form.content
    message = signed_data(form.content_type, content, signer, signed_at, form=form.cms)
    return message if form.bare else write(0x77, message)


def security_object(groups: Mapping[int, bytes], form: SodForm = PLAIN_SOD) -> bytes:
    hashes = [
        {"number": number, "value": hashlib.new(form.group_digest, groups[number]).digest()}
        for number in sorted(groups)
    ]
    fields = {
        "version": 1 if form.lds_version else 0,
        "hash_algorithm": {"algorithm": form.group_digest},
        "hashes": hashes,
    }
    if form.lds_version:
        fields["lds_version"] = {"lds": form.lds_version, "unicode": "040000"}
    encoded: bytes = LdsSecurityObject(fields).dump()
    return encoded
