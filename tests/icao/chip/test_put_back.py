"""A document is lifted while it is read, and put back: the reading goes on, but only with the same document (A25)."""

import pytest

from icao import tlv
from icao.chip import apdu
from icao.chip.apdu import Silent
from icao.chip.kept import Kept
from icao.chip.reading import ChipContents, Manner, read_chip
from icao.lds.files import EF_DG2, EF_SOD
from icao.mrz.zone import Mrz
from simulators.chip.emrtd import EmrtdChip
from simulators.chip.secrets import NO_SECRETS
from tests.icao.chip.chips import FILES, LINES, MRZ
from tests.icao.chip.proving_chips import CHANCE, with_ca

SHORT = Manner(blocks_bytes=(231,))
WHOLE = FILES | {"DG14": with_ca().files["DG14"]}
OTHER = WHOLE | {"SOD": tlv.write(EF_SOD.tag, bytes(1800)), "DG2": tlv.write(EF_DG2.tag, bytes(256 * 58))}
OTHER_FACE = WHOLE | {"DG2": tlv.write(EF_DG2.tag, bytes(256 * 58))}


class Counted:
    """A chip that is taken away after so many commands."""

    def __init__(self, files: dict[str, bytes], after: int | None = None) -> None:
        self.chip, self.left = EmrtdChip(files, LINES, CHANCE, NO_SECRETS), after
        self.commands = 0

    def __call__(self, command: bytes) -> bytes:
        if self.left is not None and self.commands >= self.left:
            raise Silent("The chip was taken away.")
        self.commands += 1
        return self.chip.answer(command)


def read(chip: Counted, kept: Kept, mrz: Mrz = MRZ, shown: list[float] | None = None) -> ChipContents:
    told = [] if shown is None else shown
    return read_chip(chip, mrz, (1, 2), told.append, kept=kept, manner=SHORT)


def lifted(after: int, files: dict[str, bytes] = FILES, shown: list[float] | None = None) -> Kept:
    kept = Kept()
    with pytest.raises(Silent):
        read(Counted(files, after), kept, shown=shown)
    return kept


def test_the_reading_goes_on_where_it_was_left() -> None:
    whole = Counted(FILES)
    read(whole, Kept())
    chip = Counted(FILES)
    assert read(chip, lifted(after=60)).files == FILES
    again = 5 + 9 + 1  # access, DG1 and EF.SOD once more, and EF.DG2 selected
    assert chip.commands <= whole.commands - 60 + again + 2


@pytest.mark.parametrize("after", range(80))
def test_wherever_it_is_lifted_the_whole_document_comes_of_it(after: int) -> None:
    assert read(Counted(FILES), lifted(after)).files == FILES


def test_progress_never_goes_back_not_even_over_several_liftings() -> None:
    shown: list[float] = []
    kept = lifted(after=30, shown=shown)
    for after in (25, 25, 25):
        with pytest.raises(Silent):
            read(Counted(FILES, after), kept, shown=shown)
    read(Counted(FILES), kept, shown=shown)
    assert shown == sorted(shown)
    assert shown[-1] == 1.0


@pytest.mark.parametrize("after", [8, 20, 60])
def test_a25_of_another_document_nothing_is_kept(after: int) -> None:
    contents = read(Counted(OTHER), lifted(after))
    assert contents.files == {name: OTHER[name] for name in contents.files}


def test_a25_a_portrait_swapped_under_the_same_signature_is_mixed_and_so_fails_its_hash() -> None:
    """The chip shows the same DG1 and EF.SOD: what is wrong with its portrait is for passive authentication to say."""
    contents = read(Counted(OTHER_FACE), lifted(after=60))
    assert contents.files["DG2"] != FILES["DG2"]


def test_what_is_proved_is_proved_by_the_chip_that_lies_there_now() -> None:
    equipment = with_ca()
    files = FILES | equipment.files
    genuine = EmrtdChip(files, LINES, CHANCE, equipment.secrets)
    kept, asked = Kept(), 0

    def taken_away(command: bytes) -> bytes:
        nonlocal asked
        asked += 1
        if asked > 40:
            raise Silent("The chip was taken away.")
        return genuine.answer(command)

    with pytest.raises(Silent):
        read_chip(taken_away, MRZ, (1, 2, 14), kept=kept, manner=SHORT)
    clone = EmrtdChip(files, LINES, CHANCE, NO_SECRETS)
    contents = read_chip(clone.answer, MRZ, (1, 2, 14), kept=kept, manner=SHORT)
    assert all(proof.result.value != "successful" for proof in contents.proofs)


def test_a_prefix_that_was_kept_is_not_asked_for_again() -> None:
    kept = lifted(after=60)
    begun = len(kept.begun["DG2"])
    heard: list[bytes] = []
    chip = Counted(FILES)
    chip_answer = chip.chip.answer
    chip.chip.answer = lambda command: heard.append(command) or chip_answer(command)  # type: ignore[method-assign, func-returns-value]  # listens
    read(chip, kept)
    offsets = {int.from_bytes(command[2:4], "big") for command in heard if command[1] == apdu.READ_BINARY}
    assert begun in offsets
    assert not {offset for offset in offsets if 2000 < offset < begun}
    assert kept.begun == {}


def test_what_is_kept_names_nobody_in_a_log() -> None:
    assert "ERIKSSON" not in repr(lifted(after=60))
