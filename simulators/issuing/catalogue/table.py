"""Which entries are there? All of them, by name: what was done to the document, and what its chip does."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from simulators.issuing.catalogue import (
    contents,
    data_groups,
    genuine_chips,
    genuine_files,
    lists,
    seals,
    signatures,
    signers,
)
from simulators.issuing.catalogue.conversation import CONVERSATIONS, Conversation
from simulators.issuing.catalogue.entry import Entry, Right


def _as_entry(talk: Conversation) -> Entry:
    """Read by a post that knows the three known states."""
    return Entry(
        talk.name,
        talk.says,
        lambda world: world.case(talk.make(world.states, world.holder)),
        Right(talk.right),
        talk.attack,
    )


_PARTS: Final = (
    genuine_files.ENTRIES,
    genuine_chips.ENTRIES,
    data_groups.ENTRIES,
    signatures.ENTRIES,
    signers.ENTRIES,
    lists.ENTRIES,
    contents.ENTRIES,
    tuple(map(_as_entry, CONVERSATIONS)),
    seals.ENTRIES,
)

ENTRIES: Final[Mapping[str, Entry]] = MappingProxyType({entry.name: entry for part in _PARTS for entry in part})
