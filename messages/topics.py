"""Where does a message go? ``bp/1/{region}/{post}/{device}/{class}``, exactly six levels.

>>> Topic.parse("bp/1/utopia-north/harbour/lane-1/evt")
Topic(region='utopia-north', post='harbour', device='lane-1', channel=<Channel.EVT: 'evt'>)
>>> str(Topic("utopia-north", "harbour", "lane-1", Channel.ACK))
'bp/1/utopia-north/harbour/lane-1/ack'
"""

import re
from dataclasses import dataclass, replace
from enum import StrEnum

from messages.errors import Quarantine, Refused
from messages.limits import NAME_MAX_CHARS, TOPIC_MAX_CHARS

NAME = re.compile(rf"[a-z0-9][a-z0-9-]{{0,{NAME_MAX_CHARS - 1}}}")
ROOT = "bp/1"


class Channel(StrEnum):
    """The sixth level (``class`` in the contract; a word Python keeps for itself)."""

    EVT = "evt"  # device -> gateway: frames
    TEL = "tel"  # device -> gateway: signed status, no person
    RES = "res"  # device -> gateway: answers to commands
    ACK = "ack"  # gateway -> device: what is committed
    CMD = "cmd"  # gateway -> device: commands that expire
    LIST = "list"  # gateway -> device: lists and rules


@dataclass(frozen=True, slots=True)
class Topic:
    region: str
    post: str
    device: str
    channel: Channel

    def __post_init__(self) -> None:
        for name in (self.region, self.post, self.device):
            if not is_name(name):
                raise Refused(Quarantine.WRONG_TOPIC, "a level is not a name")

    @classmethod
    def parse(cls, text: str) -> "Topic":
        """Strict: six levels, names as in the contract, a known class; anything else is Refused(wrong-topic)."""
        levels = text.split("/") if len(text) <= TOPIC_MAX_CHARS else []
        if len(levels) != 6 or "/".join(levels[:2]) != ROOT or levels[5] not in list(Channel):
            raise Refused(Quarantine.WRONG_TOPIC, "not a topic of this contract")
        return cls(levels[2], levels[3], levels[4], Channel(levels[5]))

    @property
    def source(self) -> str:
        """The event's ``source``: the topic without its class."""
        return f"{ROOT}/{self.region}/{self.post}/{self.device}"

    def to(self, channel: Channel) -> "Topic":
        return replace(self, channel=channel)

    def __str__(self) -> str:
        return f"{self.source}/{self.channel}"

    def __bytes__(self) -> bytes:
        return str(self).encode("ascii")


def is_name(text: str) -> bool:
    """Region, post and device: lower case letters, digits and hyphens, at most 31."""
    return NAME.fullmatch(text) is not None
