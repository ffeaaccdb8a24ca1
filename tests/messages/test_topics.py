"""Topics: six levels, one identity, nothing else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from messages.errors import Quarantine, Refused
from messages.topics import Channel, Topic

names = st.from_regex(r"[a-z0-9][a-z0-9-]{0,30}", fullmatch=True)


@given(names, names, names, st.sampled_from(Channel))
def test_a_topic_reads_as_it_was_written(region: str, post: str, device: str, channel: Channel) -> None:
    topic = Topic(region, post, device, channel)
    assert Topic.parse(str(topic)) == topic
    assert bytes(topic) == str(topic).encode()
    assert str(topic) == f"{topic.source}/{channel}"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "bp/1/r/p/d",
        "bp/1/r/p/d/evt/x",
        "bp/2/r/p/d/evt",
        "xx/1/r/p/d/evt",
        "bp/1/r/p/d/secret",
        "bp/1/r/p/+/evt",
        "bp/1/r/p/#/evt",
        "bp/1/r//d/evt",
        "bp/1/../p/d/evt",
        "bp/1/r/p/d\x00/evt",
        "bp/1/R/p/d/evt",
        "bp/1/-r/p/d/evt",
        "bp/1/r/p/d\n/evt",
        "bp/1/r/p/\u0664/evt",
        "bp/1/r/p/" + "d" * 32 + "/evt",
        "bp/1/" + "r/" * 40_000,
    ],
)
def test_what_is_not_exactly_a_topic_of_the_contract_is_refused(text: str) -> None:
    with pytest.raises(Refused) as refusal:
        Topic.parse(text)
    assert refusal.value.reason is Quarantine.WRONG_TOPIC


@given(st.text())
def test_garbage_never_raises_anything_but_refused(text: str) -> None:
    with pytest.raises(Refused):
        Topic.parse(text)
