"""Who may do what on a NATS cluster? One line for each enrolled certificate; whoever is in none is nobody there.

A device publishes and reads under its own full topic alone, and over MQTT alone; a worker the reverse, over NATS alone.
"""

from collections.abc import Iterable
from typing import Final

from gateway.links.nats_names import CONSUMER, inbox_of, stream_of, subject_of
from messages.keys import KeyRecord
from messages.topics import Channel, Topic

DEVICE_WRITES: Final = (Channel.EVT, Channel.TEL, Channel.RES)
DEVICE_READS: Final = (Channel.ACK, Channel.CMD, Channel.LIST)
WORKER_HEARS: Final = (Channel.TEL, Channel.RES)  # frames come to it by the stream
WORKER_ASKS: Final = (  # of JetStream: about the stream of frames, and nothing of anybody's session
    "$JS.API.STREAM.INFO.{stream}",
    "$JS.API.STREAM.CREATE.{stream}",
    "$JS.API.STREAM.UPDATE.{stream}",
    "$JS.API.CONSUMER.DURABLE.CREATE.{stream}.{consumer}",
    "$JS.API.CONSUMER.INFO.{stream}.{consumer}",
    "$JS.API.CONSUMER.MSG.NEXT.{stream}.{consumer}",
    "$JS.ACK.{stream}.{consumer}.>",
)


def users_text(region: str, devices: Iterable[KeyRecord], workers: Iterable[str]) -> str:
    """The content of users.conf."""
    lines = [_worker(region, name) for name in workers]
    lines += [_device(record) for record in devices if not record.revoked]
    return "\n".join(("users = [", *lines, "]", ""))


def _device(record: KeyRecord) -> str:
    device = record.kid.partition(".")[0]  # whichever of its keys it is
    topic = Topic(record.region, record.post, device, Channel.EVT)
    writes = [subject_of(str(topic.to(channel))) for channel in DEVICE_WRITES]
    reads = [subject_of(str(topic.to(channel))) for channel in DEVICE_READS]
    return _user(device, "MQTT", writes, reads)


def _worker(region: str, name: str) -> str:
    asks = [ask.format(stream=stream_of(region), consumer=CONSUMER) for ask in WORKER_ASKS]
    writes = [f"bp.1.{region}.*.*.{channel}" for channel in DEVICE_READS]
    reads = [f"bp.1.{region}.*.*.{channel}" for channel in WORKER_HEARS]
    return _user(name, "STANDARD", [*writes, *asks], [*reads, f"{inbox_of(name)}.>"])


def _user(name: str, door: str, publish: Iterable[str], subscribe: Iterable[str]) -> str:
    # Every word is a name of our own register ([a-z0-9-]): nothing in it could end a text or begin another user.
    writes, reads = (", ".join(f'"{word}"' for word in words) for words in (publish, subscribe))
    return (
        f'  {{ user: "CN={name}", allowed_connection_types: ["{door}"],'
        f" permissions: {{ publish: [{writes}], subscribe: [{reads}] }} }}"
    )
