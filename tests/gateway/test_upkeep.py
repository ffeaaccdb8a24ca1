"""Once a day a gateway takes away what may not be kept any longer; what fails ends nothing and is seen."""

import asyncio
import json
from collections.abc import Callable
from contextlib import closing
from datetime import timedelta
from typing import Any

import pytest

from borderpost.__main__ import main
from gateway.care import upkeep
from gateway.care.retention import Swept
from gateway.care.upkeep import Done, Upkeep, keep_once
from gateway.pages.words import DUTIES
from gateway.store.connection import StoreFault
from tests.gateway.conftest import NOW
from tests.gateway.desk import offer, open_desk

SWEPT = Swept(0, 0, "2026-11-24")
LONG_AFTER = NOW + timedelta(days=40)


def slept(monkeypatch: pytest.MonkeyPatch, times: int) -> list[float]:
    """For how long it would have slept; it is ended at the last one."""
    asked: list[float] = []

    async def sleep(seconds: float) -> None:
        asked.append(seconds)
        if len(asked) == times:
            raise asyncio.CancelledError

    monkeypatch.setattr(upkeep.asyncio, "sleep", sleep)
    return asked


def kept_up(region: Any) -> Upkeep:
    kept = Upkeep(region.authority, lambda: NOW)
    with pytest.raises(asyncio.CancelledError):
        asyncio.run(kept.keep())
    return kept


def in_turn(monkeypatch: pytest.MonkeyPatch, *answers: Done | Exception) -> None:
    left = list(answers)

    def keep_once(folder: Any, now: Any) -> Done:
        answer = left.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    monkeypatch.setattr(upkeep, "keep_once", keep_once)


def damage(region: Any) -> None:
    (region.state / "enrolment.crt").write_text("of no use")


def bodies(region: Any) -> int:
    with open_desk(region) as desk:
        return int(desk.rows("SELECT count(body) FROM events")[0][0])


def test_it_sweeps_a_little_after_the_start_and_then_daily(region: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = slept(monkeypatch, 3)
    swept: list[Swept | None] = []
    real: Callable[..., Done] = upkeep.keep_once

    def once(folder: Any, now: Any) -> Done:
        done = real(folder, now)
        swept.append(done.swept)
        return done

    monkeypatch.setattr(upkeep, "keep_once", once)
    assert kept_up(region).failing() == []
    assert asked == [upkeep.FIRST_S, upkeep.EVERY_S, upkeep.EVERY_S]
    assert swept == [SWEPT, SWEPT]


@pytest.mark.parametrize("fault", [StoreFault("SQLITE_FULL"), ValueError("of nobody's business"), MemoryError()])
def test_whatever_it_meets_it_is_tried_again_within_the_hour(
    region: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, fault: Exception
) -> None:
    asked = slept(monkeypatch, 3)
    in_turn(monkeypatch, fault, Done(SWEPT, {}))
    assert kept_up(region).failing() == []  # it has been done since
    assert asked == [upkeep.FIRST_S, upkeep.AGAIN_S, upkeep.EVERY_S]
    assert [record.levelname for record in caplog.records].count("ERROR") == 1
    assert "business" not in caplog.text  # what nobody thought of may say whom it was about


def test_what_failed_is_told_until_it_has_been_done(region: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    slept(monkeypatch, 3)
    in_turn(monkeypatch, Done(None, {"retention": StoreFault("SQLITE_FULL")}), Done(SWEPT, {"certificates": OSError()}))
    kept = kept_up(region)
    assert kept.failing() == ["certificates"]
    assert [(alarm.device, alarm.code, alarm.times) for alarm in kept.alarms()] == [("gateway-1", "no-certificates", 1)]


def test_each_duty_that_can_fail_has_words() -> None:
    duties = (upkeep.RETIRED_KEYS, upkeep.CERTIFICATES, upkeep.ERASURES, upkeep.RETENTION)
    assert set(DUTIES) == {f"no-{duty}" for duty in duties}


def test_a_damaged_certificate_keeps_nobody_in_the_store(
    region: Any, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    lane = region.lane()
    with open_desk(region) as desk:
        desk.take(offer(lane, lane.granted(1), lane.left(1)))
    damage(region)
    asked = slept(monkeypatch, 2)
    kept = Upkeep(region.authority, lambda: LONG_AFTER)
    with pytest.raises(asyncio.CancelledError):
        asyncio.run(kept.keep())
    assert bodies(region) == 0
    assert kept.failing() == ["certificates"]
    assert "enrolment.crt cannot be read as a certificate" in caplog.text
    assert asked == [upkeep.FIRST_S, upkeep.AGAIN_S]


def test_the_other_certificates_are_looked_at_all_the_same(region: Any, caplog: pytest.LogCaptureFixture) -> None:
    (region.state / "gateway-1.crt").write_bytes(b"\xff")
    done = keep_once(region.authority, region.now + timedelta(days=300))
    assert list(done.failed) == ["certificates"]
    assert "enrolment.crt ends on" in caplog.text


def test_one_duty_that_fails_leaves_the_others_their_turn(region: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any) -> Any:
        raise OSError(5, "of nobody's business")

    monkeypatch.setattr(upkeep.Register, "end_retired", refuse)
    monkeypatch.setattr(upkeep, "erased_in", refuse)
    done = keep_once(region.authority, NOW)
    assert list(done.failed) == ["retired-keys", "erasures"]
    assert done.swept == SWEPT
    assert done.sentences()[0] == "retired-keys: OSError; it is tried again"


def test_retention_by_hand_sweeps_beside_a_damaged_certificate_and_says_so(
    region: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    lane = region.lane()
    with open_desk(region) as desk:
        desk.take(offer(lane, lane.alarm()))
    with closing(region.authority.open_store()) as store:
        store.execute("UPDATE events SET retain_until = '2000-01-01'")
    damage(region)
    assert main(["gateway", "retention", "--state", str(region.state), "--json"]) == 1
    said = capsys.readouterr()
    assert "certificates: What is in enrolment.crt cannot be read" in said.err
    told = json.loads(said.out)
    assert (told["bodies_removed"], told["failed"]) == (1, ["certificates"])


def test_retention_by_hand_that_the_store_refuses_is_a_fault(
    region: Any, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any) -> Swept:
        raise StoreFault("SQLITE_FULL")

    monkeypatch.setattr(upkeep, "sweep", refuse)
    assert main(["gateway", "retention", "--state", str(region.state)]) == 4
    assert "SQLITE_FULL" in capsys.readouterr().err
