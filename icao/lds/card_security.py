"""What does EF.CardSecurity say? SecurityInfos that a document signer signed. (Doc 9303-10, 3.11.5)

Read, not judged (``icao.passive.verify_card_security``). Chip mapping is proved against the key in it.
"""

from typing import Final

from icao.der import SET, only
from icao.pki.cms import SignedData, parse_signed_data
from icao.tlv import Garbled

MAX_CARD_SECURITY_BYTES: Final = 64 * 1024
SECURITY_INFOS: Final = "0.4.0.127.0.7.3.2.1"


def parse_card_security(file: bytes) -> SignedData:
    """``content`` is the encoded SecurityInfos; there may be several signers. Raises Garbled."""
    if len(file) > MAX_CARD_SECURITY_BYTES:
        raise Garbled(f"EF.CardSecurity has more than {MAX_CARD_SECURITY_BYTES} bytes")
    signed = parse_signed_data(file)
    if signed.content_type != SECURITY_INFOS:
        raise Garbled(f"EF.CardSecurity signs content of the type {signed.content_type}")
    only(signed.content, SET)
    return signed
