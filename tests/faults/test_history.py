"""The judge of the harness can find fault: each way in which a promise can be broken is told."""

from dataclasses import replace

from tests.faults.history import Account, Stored, Told, account, broken_promises

BOOTS = {"post-1": [("a" * 32, 3), ("b" * 32, 2)]}
STORED = [
    Stored("post-1", boot, seq, f"{boot[0]}-{seq}", f"sum-{boot[0]}-{seq}", f"2026-11-24T10:0{at}:00.000Z", seq)
    for at, (boot, seq) in enumerate([("a" * 32, 1), ("a" * 32, 2), ("a" * 32, 3), ("b" * 32, 1), ("b" * 32, 2)])
]
PROMISED = [Told(one.device, one.boot, one.seq, one.id, one.sha256) for one in STORED]


def judged(stored: list[Stored]) -> Account:
    return account(PROMISED, BOOTS, stored)


def test_a_history_in_which_everything_arrived_once_is_kept() -> None:
    result = judged(STORED[::-1])
    assert result.kept
    assert (result.produced, result.stored_unique, result.sentences) == (5, 5, [])


def test_an_event_that_is_missing_is_lost() -> None:
    result = judged(STORED[:2] + STORED[3:])
    assert (result.lost, result.kept) == (1, False)
    assert result.sentences == ["LOST: post-1 aaaaaaaa/3 was written and is not stored"]


def test_an_event_that_was_declared_as_dropped_is_not_lost() -> None:
    declaring = replace(STORED[4], dropped=(("a" * 32, 3),))
    result = judged([*STORED[:2], STORED[3], declaring])
    assert (result.lost, result.declared_drops, result.kept) == (0, 1, True)


def test_an_event_that_stands_twice_is_doubled() -> None:
    assert judged([*STORED, STORED[0]]).duplicated == 2  # its number and its id
    assert judged([*STORED[:4], replace(STORED[4], id=STORED[3].id)]).duplicated == 1


def test_an_event_that_nobody_wrote_is_invented() -> None:
    assert judged([*STORED, replace(STORED[4], seq=3, id="c")]).invented == 1
    assert judged([*STORED, replace(STORED[4], boot="c" * 32, id="c")]).invented == 1


def test_other_bytes_under_a_promised_number_are_altered() -> None:
    assert judged([*STORED[:4], replace(STORED[4], sha256="other")]).altered == 1
    assert judged([*STORED[:4], replace(STORED[4], id="other")]).altered == 1


def test_time_that_runs_back_within_a_boot_or_between_two_is_out_of_order() -> None:
    early = "2026-11-24T09:00:00.000Z"
    assert judged([*STORED[:2], replace(STORED[2], time=early), *STORED[3:]]).order_breaks == 1
    assert judged([*STORED[:3], replace(STORED[3], time=early), STORED[4]]).order_breaks == 1
    assert judged([*STORED[:2], replace(STORED[2], mono_ms=0), *STORED[3:]]).order_breaks == 1


def test_a_promise_that_the_outbox_does_not_know_of_is_forgotten() -> None:
    assert broken_promises(PROMISED, BOOTS) == []
    assert broken_promises(PROMISED, {"post-1": [("a" * 32, 3), ("b" * 32, 1)]}) == [
        "FORGOTTEN: post-1 bbbbbbbb/2 was promised, and the outbox does not know of it"
    ]
