"""Every seal of the catalogue gets the verdict that is right, from the command that an expert uses."""

import json
from pathlib import Path

import pytest

from borderpost.__main__ import main
from simulators.issuing.catalogue.entry import Entry, Kind, SealCase
from simulators.issuing.catalogue.table import ENTRIES
from simulators.issuing.catalogue.world import World
from tests.catalogue.judging import TODAY, as_check, is_right, store

SEALS = [entry for entry in ENTRIES.values() if entry.kind is Kind.SEAL]


@pytest.mark.parametrize("entry", SEALS, ids=lambda entry: entry.name)
def test_a_seal_gets_the_verdict_that_is_right(
    world: World, entry: Entry, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    case = entry.make(world)
    assert isinstance(case, SealCase)
    (tmp_path / "seal").write_bytes(case.content)
    zone = [word for line in case.printed for word in ("--mrz", line)]
    trust = store(case, tmp_path)
    code = main(
        ["document", "seal", str(tmp_path / "seal"), "--trust", str(trust), "--at", str(TODAY), *zone, "--json"]
    )
    told = json.loads(capsys.readouterr().out)
    if entry.right.refused:
        assert (code, told["error"]["code"]) == (2, entry.right.refused)
        return
    is_right(entry, tuple(as_check(one) for one in told["checks"]))
    assert told["result"] == entry.right.result
    assert code == {"successful": 0, "failed": 1}.get(told["result"], 3)
