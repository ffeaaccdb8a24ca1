"""The catalogue over the real PC/SC stack, read by the command that an expert uses: the verdict is the same."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from borderpost.__main__ import main
from edge.inspection.expert import examine
from hardware.drivers.chip import ChipLimits, open_chip
from icao.mrz.zone import parse
from simulators.chip.control import Control
from simulators.chip.pcsc import PcscStack
from simulators.issuing.catalogue.entry import DocumentCase, Entry, Kind
from simulators.issuing.catalogue.folder import reading
from simulators.issuing.catalogue.table import ENTRIES
from simulators.issuing.catalogue.world import World
from tests.catalogue.judging import LIMITS, TODAY, as_check, is_right, store, wish_of

FORGED = (
    "altered-dg1", "altered-dg2", "altered-dg14", "altered-dg15", "foreign-sod", "unsigned-dg11-read", "stripped-dg14",
    "stripped-dg15", "page-differs", "other-page", "home-made-csca-with-key-id", "wrong-country", "chosen-generator",
    "loose-padding", "md5-signer", "list-signer-signs", "expired-csca", "revoked-signer", "crl-by-a-stranger",
    "listed-document", "nesting-bomb", "ten-thousand-groups", "signer-not-known", "huge-jpeg2000",
    "crashing-codestream", "no-face", "garbled-zone", "markup-names",
)  # fmt: skip
WITH_TERMINAL = "genuine-ta"  # no command has a terminal's keys: read by what the command calls
NAMED = [entry for name, entry in ENTRIES.items() if name in FORGED or name.startswith("genuine-")]
READ = [entry for entry in NAMED if entry.kind is Kind.DOCUMENT and entry.name != WITH_TERMINAL]


@pytest.fixture(scope="module")
def hand(pcsc: tuple[PcscStack, Path]) -> Iterator[Control]:
    _, state = pcsc
    with Control(state / "chip.sock") as hand:
        yield hand
        hand.lift()


@pytest.mark.namespaces
@pytest.mark.parametrize("entry", READ, ids=lambda entry: entry.name)
def test_over_pcsc_a_document_gets_the_verdict_that_is_right(
    world: World,
    entry: Entry,
    pcsc: tuple[PcscStack, Path],
    hand: Control,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    case = entry.make(world)
    assert isinstance(case, DocumentCase)
    made, stack = case.passport, pcsc[0]
    # pcscd takes half a second to notice that a document was lifted: this one is exchanged in place.
    hand.lay(made.files, made.mrz_lines, made.chip_fault, made.secrets, exchanged=True)
    store(case, tmp_path)
    code = main(reading(case, tmp_path, stack.url))
    told = json.loads(capsys.readouterr().out)
    is_right(entry, tuple(as_check(one) for one in told["checks"]))
    assert told["result"] == entry.right.result
    assert code == {"successful": 0, "failed": 1}.get(told["result"], 3)


@pytest.mark.namespaces
def test_over_pcsc_fingers_are_read_by_a_terminal_that_the_chip_believes(
    world: World, pcsc: tuple[PcscStack, Path], hand: Control
) -> None:
    entry = ENTRIES[WITH_TERMINAL]
    case = entry.make(world)
    assert isinstance(case, DocumentCase)
    made = case.passport
    hand.lay(made.files, made.mrz_lines, made.chip_fault, made.secrets, exchanged=True)
    reader = open_chip(pcsc[0].url, ChipLimits())
    try:
        printed = parse(made.mrz_lines, TODAY)
        found = examine(wish_of(case), printed, reader, case.trusted.as_set(), TODAY, lambda share: None, LIMITS)
    finally:
        reader.close()
    assert found
    assert found.live
    is_right(entry, found.checks)
    assert found.live.contents.files["DG3"] == made.files["DG3"]
