"""Every document of the catalogue gets the verdict that is right, read over a simulated chip."""

import sys

import pytest

from edge.inspection.portrait import Decoder, examine_dg2
from icao.checks import Result
from icao.lds.summary import summary
from icao.passive import verify
from simulators.issuing.catalogue.entry import DocumentCase, Entry, Kind
from simulators.issuing.catalogue.table import ENTRIES
from simulators.issuing.catalogue.world import World
from tests.catalogue.judging import TODAY, inspected, is_right, mandatory, read, said

DOCUMENTS = [entry for entry in ENTRIES.values() if entry.kind is Kind.DOCUMENT]


@pytest.mark.parametrize("entry", DOCUMENTS, ids=lambda entry: entry.name)
def test_a_document_gets_the_verdict_that_is_right(world: World, entry: Entry) -> None:
    case = entry.make(world)
    assert isinstance(case, DocumentCase)
    is_right(entry, read(case))


@pytest.mark.parametrize("entry", DOCUMENTS, ids=lambda entry: entry.name)
def test_in_the_lane_nothing_but_a_genuine_document_is_without_a_reason(world: World, entry: Entry) -> None:
    case = entry.make(world)
    assert isinstance(case, DocumentCase)
    found = inspected(case)
    if entry.right.result is Result.SUCCESSFUL:
        assert found.reasons == ()
        assert found.document is not None
    else:
        # A picture that may not be decoded is refused where it is compared, by the face process.
        assert found.reasons or set(entry.right.decides) == {"lds.portrait"}


HONEST = [entry for entry in DOCUMENTS if not set(entry.right.decides) & {"access", "chip.read", "chip.content"}]


@pytest.mark.parametrize("entry", HONEST, ids=lambda entry: entry.name)
def test_the_files_alone_get_the_verdict_that_is_right(world: World, entry: Entry) -> None:
    """As ``document verify`` judges them: whatever passive authentication can know."""
    case = entry.make(world)
    assert isinstance(case, DocumentCase)
    if case.passport.chip_fault:
        return  # its files are not what it gives
    files = case.passport.files
    groups = {number: files[f"DG{number}"] for number in case.wanted or (1, 2, 14, 15) if f"DG{number}" in files}
    checks = verify(files["SOD"], groups, case.trusted.as_set(), TODAY)
    wrong = {id: answer for id, answer in said(mandatory(checks)).items() if answer[0] is not Result.SUCCESSFUL}
    assert wrong == {id: answer for id, answer in entry.right.decides.items() if id.startswith("pa.")}


@pytest.mark.parametrize("name", ["huge-jpeg2000", "large-jpeg2000", "tiled-jpeg2000"])
def test_a23_a_picture_beyond_the_limits_is_seen_by_no_decoder(world: World, name: str) -> None:
    case = ENTRIES[name].make(world)
    assert isinstance(case, DocumentCase)
    with Decoder() as idle:
        check, _ = examine_dg2(case.passport.files["DG2"], idle)
        assert (check.code, idle.starts) == ("portrait-refused", 0)


def test_a24_a_picture_that_kills_its_decoder_costs_that_process_and_nothing_else(world: World) -> None:
    case = ENTRIES["crashing-codestream"].make(world)
    assert isinstance(case, DocumentCase)
    with Decoder(sys.executable, "-c", "import os, signal; os.kill(os.getpid(), signal.SIGSEGV)") as dying:
        check, picture = examine_dg2(case.passport.files["DG2"], dying)
    assert (check.result, check.code, picture) == (Result.ABORTED, "portrait-aborted", None)


def test_a28_names_that_would_show_something_else_are_shown_as_text(world: World) -> None:
    for name in ("bidi-names", "markup-names"):
        case = ENTRIES[name].make(world)
        assert isinstance(case, DocumentCase)
        shown = "".join(field.value for field in summary({11: case.passport.files["DG11"]}, TODAY))
        assert not set(shown) & set("\u202e\u2066\u200b\x1b\r\n")
        assert "\u05d0" not in shown or shown.count("\u2068") == shown.count("\u2069") == 1
