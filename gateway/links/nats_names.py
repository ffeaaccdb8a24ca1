"""What do topics, stream and consumer call themselves on a NATS cluster?

>>> subject_of("bp/1/north/harbour/lane-1/evt")
'bp.1.north.harbour.lane-1.evt'
"""

from typing import Final

CONSUMER: Final = "intake"  # one for all workers: whoever asks gets the next batch


def stream_of(region: str) -> str:
    return f"frames-{region}"


def frames_of(region: str) -> str:
    return f"bp.1.{region}.*.*.evt"


def inbox_of(worker: str) -> str:
    """Where the answers to one worker's questions go; no other may listen there."""
    return f"_INBOX.{worker}"


def subject_of(topic: str) -> str:
    """No name holds a point, so nothing is lost on the way and back."""
    return topic.replace("/", ".")


def topic_of(subject: str) -> str:
    return subject.replace(".", "/")
