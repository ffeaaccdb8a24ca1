"""The catalogue over the real PC/SC stack, read by the command that an expert uses: the verdict is the same."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from borderpost.__main__ import main
from simulators.chip.control import Control
from simulators.chip.pcsc import PcscStack
from simulators.issuing.catalogue.entry import DocumentCase, Entry, Kind
from simulators.issuing.catalogue.folder import reading
from simulators.issuing.catalogue.table import ENTRIES
from simulators.issuing.catalogue.world import World
from tests.catalogue.judging import as_check, is_right, store

FORGED = (
    "altered-dg1", "altered-dg2", "altered-dg14", "altered-dg15", "foreign-sod", "unsigned-dg11-read", "stripped-dg14",
    "stripped-dg15", "page-differs", "other-page", "home-made-csca-with-key-id", "wrong-country", "chosen-generator",
    "loose-padding", "md5-signer", "list-signer-signs", "expired-csca", "revoked-signer", "crl-by-a-stranger",
    "listed-document", "nesting-bomb", "ten-thousand-groups", "signer-not-known", "huge-jpeg2000",
    "crashing-codestream", "no-face", "garbled-zone", "markup-names",
)  # fmt: skip
NAMED = [entry for name, entry in ENTRIES.items() if name in FORGED or name.startswith("genuine-")]
READ = [entry for entry in NAMED if entry.kind is Kind.DOCUMENT and entry.name != "genuine-ta"]  # no command reads it


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
