"""How much of a file is asked for at once? As much as the chip can give, found out with as few questions as possible.

(Doc 9303-10, 3.6.3; Doc 9303-11, 9.8.4) A chip tells in its ATR or in EF.ATR/INFO, or by what it refuses.
"""

from collections.abc import Sequence
from typing import Final

from icao.chip.apdu import SHORT_LE_BYTES
from icao.lds.atr_info import AtrInfo, Capabilities

# 231 bytes are the most that fit, protected by 3DES, into a short answer of 256; older chips give less.
SHORT_BYTES: Final = (231, 160, 112)
EXTENDED_BYTES: Final = 4096
BLOCKS_BYTES: Final = (EXTENDED_BYTES, *SHORT_BYTES)
MOST_BYTES: Final = 16 * 1024  # of one answer: what is lost when the document is lifted in the middle of it
WRAPPING_BYTES: Final = 3 + 4 + 10  # DO87's tag, length and padding indicator; DO99; DO8E
LONG_WRAPPING_BYTES: Final = 32  # the same with lengths of two and three bytes, and padding


class Blocks:
    """The size in force. It falls for good when the chip refuses one, and grows once when a long one came whole."""

    def __init__(self, sizes_bytes: Sequence[int] = BLOCKS_BYTES, most_bytes: int = MOST_BYTES) -> None:
        self._sizes, self._most_bytes = list(sizes_bytes), most_bytes

    def size(self, cipher_block_bytes: int) -> int:
        """For a session with a cipher of that block."""
        return self._sizes[0] if self.long else min(self._sizes[0], short_most(cipher_block_bytes))

    @property
    def long(self) -> bool:
        """It needs commands of extended length."""
        return self._sizes[0] > SHORT_LE_BYTES

    def came(self, count_bytes: int) -> None:
        """A chip that gives what was asked for, and much, will be asked for all that is missing."""
        if self.long and count_bytes == self._sizes[0] < self._most_bytes:
            self._sizes.insert(0, self._most_bytes)

    def refused(self) -> bool:
        """Never ask for that much again. False when there is nothing less to ask for."""
        if len(self._sizes) == 1:
            return False
        del self._sizes[0]
        self._most_bytes = 0
        return True


def short_most(cipher_block_bytes: int) -> int:
    """
    >>> short_most(8), short_most(16)
    (231, 223)
    """
    return (SHORT_LE_BYTES - WRAPPING_BYTES - 1) // cipher_block_bytes * cipher_block_bytes - 1


def blocks_for(
    capabilities: Capabilities | None, announced: AtrInfo | None = None, reader_bytes: int | None = None
) -> Blocks:
    """What the chip's ATR, its EF.ATR/INFO and the reader allow; those that say nothing are tried.

    ``reader_bytes`` is the longest answer that the reader carries.
    """
    if (capabilities is not None and not capabilities.extended_lengths) or (reader_bytes or 65536) < EXTENDED_BYTES:
        return Blocks(SHORT_BYTES)
    told = [each for each in (announced and announced.max_response_bytes, reader_bytes) if each]
    if not told:
        return Blocks()
    most = min(MOST_BYTES, *(each - LONG_WRAPPING_BYTES for each in told))
    if most <= SHORT_LE_BYTES:
        return Blocks(SHORT_BYTES)
    return (
        Blocks((min(most, EXTENDED_BYTES), *SHORT_BYTES), most) if announced is None else Blocks((most, *SHORT_BYTES))
    )
