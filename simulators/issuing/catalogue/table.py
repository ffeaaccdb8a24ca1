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


PARTS: Final[Mapping[str, tuple[Entry, ...]]] = MappingProxyType(
    {
        "Genuine files": genuine_files.ENTRIES,
        "Genuine chips": genuine_chips.ENTRIES,
        "What is written to a chip, or taken off it": data_groups.ENTRIES,
        "What is wrong with the signature": signatures.ENTRIES,
        "Who may not have signed": signers.ENTRIES,
        "What lists say": lists.ENTRIES,
        "What a state signed, and nobody should have to read": contents.ENTRIES,
        "What a chip does while it is read": tuple(map(_as_entry, CONVERSATIONS)),
        "Seals": seals.ENTRIES,
    }
)

ENTRIES: Final[Mapping[str, Entry]] = MappingProxyType(
    {entry.name: entry for entries in PARTS.values() for entry in entries}
)
