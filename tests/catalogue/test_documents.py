"""Every document of the catalogue gets the verdict that is right, read over a simulated chip."""

import pytest

from simulators.issuing.catalogue.entry import DocumentCase, Entry, Kind
from simulators.issuing.catalogue.table import ENTRIES
from simulators.issuing.catalogue.world import World
from tests.catalogue.judging import is_right, read

DOCUMENTS = [entry for entry in ENTRIES.values() if entry.kind is Kind.DOCUMENT]


@pytest.mark.parametrize("entry", DOCUMENTS, ids=lambda entry: entry.name)
def test_a_document_gets_the_verdict_that_is_right(world: World, entry: Entry) -> None:
    case = entry.make(world)
    assert isinstance(case, DocumentCase)
    is_right(entry, read(case))
