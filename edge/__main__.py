"""The composition root of a lane: the only place that reads the configuration and builds drivers."""

import asyncio
import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Coroutine, Mapping, Sequence
from contextlib import ExitStack, closing, suppress
from dataclasses import replace
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any  # what a coroutine yields is nobody's business here

from edge import opening
from edge.board import Board, Buttons
from edge.config import Config, read
from edge.downlink.downward import Downward
from edge.face.client import FaceProcess, FaceSettings
from edge.gate.events import Event, OfficerHeld, OfficerReopened
from edge.gate.run import Gate
from edge.identity.identity import Identity, read_identity
from edge.identity.renewal import Renewal
from edge.inspection.inspect import Inspection, inspect
from edge.inspection.unfinished import Unfinished
from edge.lane import Lane, today
from edge.log import Ring, say_fault, write_to_standard_error
from edge.outbox.sealer import Sealer
from edge.pages.app import build
from edge.pages.protocols import PageSettings
from edge.policy import Policy
from edge.records import Records
from edge.senses import PageSense, from_barrier
from edge.telemetry import Telemetry
from edge.uplink.line import UplinkSettings
from edge.uplink.uplink import Uplink, UplinkState
from edge.watch import Watches
from hardware.drivers.barrier import BarrierClient
from hardware.drivers.barrier_events import BarrierEvent, Ready
from hardware.drivers.page_reader import PageReader
from icao.mrz.zone import Mrz
from web.serve import PageServer

log = logging.getLogger("edge")

END_LIMIT_S = 1.5
TOLD_WITHIN_S = 1.0  # the controller tells what it has kept with its first answers


def serve(config: Config) -> int:
    """Run the lane until SIGTERM or SIGINT. Raises opening.CannotStart or ConfigError."""
    with ExitStack() as held:  # a lane that does not start leaves nothing open, either
        return asyncio.run(Edge(config, write_to_standard_error(), held).run())


class Edge:
    """All parts of one lane, tied together. The order of construction is the order of dependence."""

    def __init__(self, config: Config, ring: Ring, held: ExitStack) -> None:
        self._config, self._began_s = config, time.monotonic()
        folder = config.folder
        identity = read_identity(folder / "identity")
        opening.expect_own(identity, config.device)
        sealer = Sealer(identity.topic, identity.device_key, identity.region)
        self._outbox = held.enter_context(closing(opening.opened(folder / "outbox.db", sealer, config.uplink)))
        self._clock = opening.clock_behind(self._outbox, identity)
        self._records = Records(
            self._outbox, config.device.direction, config.device.retention_days, self._clock.now, today(self._now)
        )
        self._settings = UplinkSettings(
            config.uplink.host,
            config.uplink.port,
            identity.ca,
            identity.cert,
            identity.key,
            identity.gateways,
            backoff_ceiling_s=config.uplink.backoff_ceiling_s,
            spread_s=config.uplink.spread_s,
            status_every_s=config.uplink.status_every_s,
            protocol=config.uplink.protocol,
            more=config.uplink.others,
        )
        self._officer_key = opening.officer_key(folder / "officer.key")
        lists_key = opening.raw_key(folder / "lists.key")
        self._downward = Downward(
            folder,
            identity,
            self._outbox,
            self._records,
            lists_key,
            ring,
            now_ms=lambda: int(self._now().timestamp() * 1000),
            state=lambda: self._gate.state,
            tell=lambda event: self._tell(event),
            answer=lambda message: self._uplink.answer(message),
            alarm=lambda code: self._alarmed(code),
            renew=lambda: self._renewal.ask(),
            tell_now=lambda: self._uplink.tell_now(),
        )
        self._local_lists = config.device.lists == "local"
        proof = None if self._local_lists else self._downward.proof
        self._policy = Policy(
            folder / "rules.toml",
            folder / "lists",
            lists_key,
            self._now,
            proof=proof,
            stale=self._downward.listing.stale,
        )
        self._trust = held.enter_context(closing(opening.trusting(folder / "trust")))
        self._chip = opening.chip_reader(config.wires.chip)
        self._unfinished = Unfinished(config.wires.put_back_s)

    async def run(self) -> int:
        config = self._config
        self._board = Board(config.device.device, Buttons(self._hold, self._reopen), asyncio.get_running_loop().time)
        self._socket = opening.listening(config.pages)
        watches = Watches(self._tell, self._outbox, self._records, self._chip)
        self._face = watches.face = FaceProcess(
            FaceSettings(config.face.camera, config.face.threshold, config.face.matcher),
            lambda lost: watches.camera.see(lost=lost),
        )
        self._barrier = BarrierClient(
            config.wires.barrier,
            opening.raw_key(config.folder / "barrier.key"),
            self._felt,
            lease_ms=config.wires.barrier_lease_ms,
        )
        self._lane = Lane(
            inspect=self._inspect,
            decide=self._policy,
            face=self._face,
            barrier=self._barrier,
            records=self._records,
            board=self._board,
            now=self._now,
            time_scale=config.device.time_scale,
        )
        self._gate = Gate(self._lane.begin, self._lane.show, time_scale=config.device.time_scale)
        self._lane.report = self._gate.report
        page = PageSense(self._lane.page, self._tell)
        reader = PageReader(config.wires.reader, config.wires.reader_profile, page)
        self._uplink = Uplink(
            self._settings,
            self._outbox,
            self._linked,
            self._downward.take,
            on_alarm=self._alarmed,
            status=self._status,
            now=self._clock.now,
        )
        self._records.started(version("borderpost"))
        if self._outbox.moved_aside is not None:
            self._alarmed("outbox-broken")
        self._heard = asyncio.Event()
        self._recovery = asyncio.ensure_future(self._recover())
        telemetry = Telemetry(self._records, self._clock, config.folder, lambda: self._outbox.waiting_count)
        self._renewal = Renewal(
            config.folder / "identity",
            self._clock.now,
            self._renewed,
            self._alarmed,
            offline_s=lambda: self._uplink.state.offline_s,
        )
        parts = [self._gate.run, self._barrier.run, reader.run, self._uplink.run, watches.run, telemetry.run]
        parts += [self._renewal.run, self._downward.run]
        if config.wires.reader_profile == "plain":
            parts.append(lambda: watches.feel(lambda: self._lane.page.present, page.lifted))
        return await self._live(*parts)

    async def _live(self, *parts: Callable[[], Coroutine[Any, Any, None]]) -> int:
        """Run all parts until told to stop. A part that fails ends the lane: the controller then makes it safe."""
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(say_fault)
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stop.set)
        pages = self._pages()
        await self._face.start()
        tasks = [asyncio.create_task(part(), name=part.__qualname__) for part in parts]
        served = asyncio.create_task(pages.serve([self._socket]), name="pages")
        stopping = asyncio.ensure_future(stop.wait())
        log.info("lane %s is up", self._config.device.device)
        done, _ = await asyncio.wait([*tasks, served, stopping], return_when=asyncio.FIRST_COMPLETED)
        failed = [] if stopping in done else list(done)  # no part has an end of its own
        for task in failed:
            error = None if task.cancelled() else task.exception()
            log.critical("a part of the lane ended: %s", task.get_name(), exc_info=error)
        await self._end(tasks, pages, served)
        return 1 if failed else 0

    async def _end(
        self, tasks: Sequence["asyncio.Future[None]"], pages: PageServer, served: "asyncio.Future[None]"
    ) -> None:
        pages.should_exit = True
        self._recovery.cancel()
        with suppress(TimeoutError):
            async with asyncio.timeout(END_LIMIT_S):
                await self._lane.drain()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._chip.close()
        await self._face.stop()
        with suppress(TimeoutError):
            async with asyncio.timeout(END_LIMIT_S):
                await served
        self._records.close()
        self._outbox.close()

    # --- devices speak ---
    def _tell(self, event: Event) -> None:
        self._gate.report(event, None)

    async def _recover(self) -> None:
        """A crossing that an earlier life granted comes to its end, as soon as the controller has told how."""
        if not await asyncio.to_thread(self._outbox.open_crossings):
            return
        await self._heard.wait()
        await asyncio.sleep(TOLD_WITHIN_S)
        self._records.close_open(self._barrier.past_exits)
        self._records.alarm("lane-restarted", None)

    def _felt(self, event: BarrierEvent) -> None:
        if isinstance(event, Ready):
            self._heard.set()
        told = from_barrier(event)
        if told is not None:
            self._tell(told)

    def _hold(self) -> None:
        self._tell(OfficerHeld())

    def _reopen(self) -> None:
        self._tell(OfficerReopened())

    def _linked(self, state: UplinkState) -> None:
        self._board.link("online" if state.connected else "offline", state.waiting)

    def _alarmed(self, code: str) -> None:
        self._records.alarm(code, None)
        self._board.alarm(code)

    # --- what the parts ask for ---
    def _now(self) -> datetime:
        """For whatever is judged by its date; ``Stamp.time`` orders what is recorded."""
        return self._clock.now().judging

    def _inspect(self, printed: Mrz | None, stop: threading.Event) -> Inspection:
        today = self._now().astimezone().date()
        return inspect(printed, self._chip, self._trust, today, _unwatched, stop, unfinished=self._unfinished)

    def _status(self) -> Mapping[str, object]:
        return {
            **self._board.summary(),
            "people": self._barrier.status.people,
            "link_age_s": round(self._barrier.silent_s, 1),
            **({} if self._local_lists else self._downward.status()),  # whoever tells none is sent none
        }

    def _renewed(self, identity: Identity) -> None:
        """Its own name stays; keys and certificate may be new, and those of the region."""
        if identity.topic != self._outbox.sealer.topic:
            log.error("the identity is another device's now; this lane goes on as it was until it is started again")
            return
        self._clock.signed(opening.signed_ms(identity))
        self._outbox.seal_with(Sealer(identity.topic, identity.device_key, identity.region))
        self._downward.renewed(identity)
        self._settings = replace(
            self._settings, ca=identity.ca, cert=identity.cert, key=identity.key, gateways=identity.gateways
        )
        self._uplink.renew(self._settings)

    def _pages(self) -> PageServer:
        device = self._config.device
        settings = PageSettings(self._officer_key, device.post, device.device)
        app = build(self._board.display, self._board.desk, settings, self._api, self._metrics)
        return PageServer(app, app.state.streams.end)

    async def _metrics(self) -> Mapping[str, object]:
        return await asyncio.to_thread(self._outbox.wear)

    async def _api(self) -> Mapping[str, object]:
        # In a thread: the outbox may be syncing to a slow disk, and the barrier's heartbeat does not wait for that.
        boots = await asyncio.to_thread(self._outbox.boots)
        return {
            **self._status(),
            "barrier": self._barrier.status.mode,
            "produced": sum(last for _, last in boots),
            "waiting": self._outbox.waiting_count,
            "boots": [{"boot": boot, "last_seq": last} for boot, last in boots],
            "boot": self._outbox.boot,
            "face": {"pid": self._face.pid, "started_s": self._face.ready.started_s if self._face.ready else None},
            "pid": os.getpid(),
            "up_s": round(time.monotonic() - self._began_s, 1),
        }


def _unwatched(share: float) -> None:
    """The display shows that it reads; how far, it will show once a chip is slow enough to see it."""


if __name__ == "__main__":
    sys.exit(serve(read(Path(sys.argv[1]))))
