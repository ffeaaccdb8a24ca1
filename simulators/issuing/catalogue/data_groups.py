"""What may be written to a chip's files after the state signed them? (Doc 9303-11, 5.1)"""

from typing import Final

from simulators.issuing.catalogue.entry import Case, Entry, Right, failed
from simulators.issuing.catalogue.world import World, with_files
from simulators.issuing.groups import dg2


def _altered_portrait(world: World) -> Case:
    forged = dg2(world.stranger.portrait, world.stranger.sex)
    return world.case(with_files(world.issue(), DG2=forged))


ENTRIES: Final = (
    Entry(
        "altered-dg2",
        "The portrait was replaced after the state had signed.",
        _altered_portrait,
        Right(failed(pa__dg_hash__2="group-altered")),
        "A06",
    ),
)
