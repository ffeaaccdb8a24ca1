"""Which id does an event or a crossing get? A UUID of version 7 (RFC 9562, 5.7): the time first, then chance.

Ids that rise with time stand at the end of every index that holds them. Ids of chance alone touch all of its pages, and
a store that has grown beyond its memory pays for each event with a page from the disk.
"""

from typing import Final
from uuid import UUID

CHANCE_BYTES: Final = 10  # 74 bits of them are used


def new_id(time_ms: int, chance: bytes) -> str:
    """``time_ms`` since 1970, ``chance`` of CHANCE_BYTES fresh random bytes.

    >>> new_id(0x017F22E279B0, bytes.fromhex("0CC318C4DC0C0C07398F"))
    '017f22e2-79b0-7cc3-98c4-dc0c0c07398f'
    """
    number = int.from_bytes(chance[:CHANCE_BYTES], "big")
    number |= (time_ms % 2**48) << 80
    number = number & ~(0xF << 76) | 7 << 76  # version
    number = number & ~(0b11 << 62) | 0b10 << 62  # variant
    return str(UUID(int=number))
