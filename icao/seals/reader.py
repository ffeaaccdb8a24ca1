"""Which kind of seal is this, and what does it say? By how it begins: DC, RDB1 or a brace."""

import base64
import binascii
from typing import Final

from icao.seals import idb, vds, vds_nc
from icao.seals.seal import NotASeal, Seal
from icao.tlv import Garbled

NO_SEAL: Final = "this is none of a VDS, a barcode of ICAO's datastructure and a VDS-NC"


def parse(data: bytes) -> Seal:
    """The seal that fills a barcode. Raises NotASeal when it is something else, Garbled when it is a broken one."""
    if data[:1] == bytes([vds.MAGIC]):
        return vds.parse(data)
    if data[:4].decode("latin-1") in idb.PREFIXES:
        return idb.parse(data.decode("latin-1"))
    if data.lstrip()[:1] == b"{":
        return vds_nc.parse(_utf8(data))
    raise NotASeal(NO_SEAL)


def parse_text(text: str) -> Seal:
    """The same from what a person can paste: the text of a barcode, or a VDS in hexadecimal or base64."""
    text = text.strip()
    if text[:4] in idb.PREFIXES or text[:1] == "{":
        return parse(text.encode())
    for decoded in (_hexadecimal(text), _base64(text)):
        if decoded[:1] == bytes([vds.MAGIC]):
            return parse(decoded)
    raise NotASeal(NO_SEAL)


def _utf8(data: bytes) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        raise Garbled("the JSON is no UTF-8 text") from None


def _hexadecimal(text: str) -> bytes:
    try:
        return bytes.fromhex(text)
    except ValueError:
        return b""


def _base64(text: str) -> bytes:
    try:
        return base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError):
        return b""
