"""How much is asked for at once, after what the chip and the reader say."""

import pytest

from icao.chip.blocks import BLOCKS_BYTES, SHORT_BYTES, Blocks, blocks_for
from icao.chip.reading import Manner, read_chip
from icao.lds.atr_info import AtrInfo, Capabilities
from simulators.chip.emrtd import EmrtdChip
from tests.icao.chip.chips import FILES, LINES, MRZ
from tests.icao.chip.proving_chips import CHANCE

EXTENDED = Capabilities(short_ids=True, command_chaining=True, extended_lengths=True, lengths_in_atr_info=False)
TELLING = Capabilities(short_ids=True, command_chaining=True, extended_lengths=True, lengths_in_atr_info=True)
SHORT = Capabilities(short_ids=True, command_chaining=False, extended_lengths=False, lengths_in_atr_info=False)
ATR_INFO = bytes.fromhex("4303F741E0 7F6608 02020800 02020800".replace(" ", ""))


@pytest.mark.parametrize(
    ("capabilities", "announced", "reader_bytes", "size"),
    [
        (None, None, None, 4096),
        (EXTENDED, None, None, 4096),
        (SHORT, None, None, 231),
        (EXTENDED, None, 258, 231),  # the reader has no extended length
        (None, None, 5000, 4096),
        (EXTENDED, AtrInfo(None, 2048, 2048), None, 2016),
        (EXTENDED, AtrInfo(None, 65535, 65535), 8192, 8160),
        (EXTENDED, AtrInfo(None, 65535, 65535), None, 16384),
        (EXTENDED, AtrInfo(None, None, None), None, 4096),
        (EXTENDED, AtrInfo(None, 261, 258), None, 231),
    ],
)
def test_the_first_size_is_what_chip_and_reader_allow(
    capabilities: Capabilities | None, announced: AtrInfo | None, reader_bytes: int | None, size: int
) -> None:
    assert blocks_for(capabilities, announced, reader_bytes).size(8) == size


def test_sizes_fall_for_good_and_to_the_last_one() -> None:
    blocks = Blocks(BLOCKS_BYTES)
    seen = [blocks.size(8)]
    while blocks.refused():
        seen.append(blocks.size(8))
    assert seen == [*BLOCKS_BYTES]
    blocks.came(112)
    assert blocks.size(8) == 112


def test_what_came_whole_grows_once_and_only_as_far_as_the_reader_carries() -> None:
    blocks = blocks_for(EXTENDED, None, 9000)
    blocks.came(4000)
    assert blocks.size(8) == 4096
    blocks.came(4096)
    assert blocks.size(8) == 8968
    assert blocks.refused()
    blocks.came(4096)
    assert blocks.size(8) == 4096


def test_a_cipher_of_longer_blocks_leaves_less_room_in_a_short_answer() -> None:
    assert (Blocks(SHORT_BYTES).size(8), Blocks(SHORT_BYTES).size(16)) == (231, 223)


@pytest.mark.parametrize("content", [ATR_INFO, b"\x7f\x66\x02\x02\x05", None])
def test_ef_atr_info_is_asked_for_when_the_atr_refers_to_it(content: bytes | None) -> None:
    files = FILES | ({} if content is None else {"ATR": content})
    chip = EmrtdChip(files, LINES, CHANCE)
    assert read_chip(chip.answer, MRZ, manner=Manner(capabilities=TELLING)).files == files
