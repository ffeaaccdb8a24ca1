"""The gateway as one process: broker link, intake worker, pages and API. The only place that builds them."""

import asyncio
import gc
import logging
import os
import random
import signal
import socket
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from starlette.applications import Starlette

from gateway import api
from gateway.board import Board
from gateway.care.in_use import at_work, only_one
from gateway.care.upkeep import Upkeep
from gateway.changes import Changes
from gateway.config import Config
from gateway.downlink.sending import Downlink
from gateway.errors import GatewayError
from gateway.identity.enrolment import receive_devices
from gateway.intake.judging import JudgeProcess
from gateway.intake.known import Known
from gateway.intake.meter import Meter
from gateway.intake.vault import Vault
from gateway.intake.worker import Keys, Worker
from gateway.lanes import Lanes
from gateway.links.broker_link import client_tls
from gateway.links.choice import open_link
from gateway.pages.routes import middleware as page_middleware
from gateway.pages.routes import routes as page_routes
from gateway.queries import Queries, newest_alarms
from gateway.state import CONFIG_NAME, StateFolder
from gateway.store.connection import Connection, StoreFault
from gateway.store.sqlite import SqliteStore
from gateway.views import Overview
from web.hosts import LOCAL_HOSTS
from web.serve import PageServer, listen

CONNECTIONS_LIMIT = 256
HANGING_LIMIT_S = 0.5
GC_NEW_OBJECTS = 20_000
SAY_AGAIN_S = 0.2

log = logging.getLogger("gateway")


def serve(folder: StateFolder, config: Config) -> None:
    """Run until SIGTERM or SIGINT. Raises GatewayError when it cannot start."""
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    folder.expect_set_up()
    calls = ThreadPoolExecutor(thread_name_prefix="calls")
    with asyncio.Runner() as runner:
        with (
            at_work(folder.state),
            only_one(folder.state, config.worker),
            closing(_listen(config)) as listener,
            closing(folder.open_store()) as writer,
        ):
            writer.migrate()
            if isinstance(writer, SqliteStore):
                writer.expect_many()
            with (
                closing(folder.open_store()) as reader,
                closing(folder.open_store()) as downward,
                closing(folder.open_store()) as shown,
            ):
                runner.get_loop().set_default_executor(calls)
                gc.freeze()  # what is there now stays; a batch makes many rows and no cycles,
                gc.set_threshold(GC_NEW_OBJECTS, 10, 10)  # so looking for some after each few is for nothing
                runner.run(_Gateway(folder, config, writer, reader, downward, shown).run(listener))
        _go_without_the_hanging(calls)


def _go_without_the_hanging(calls: ThreadPoolExecutor) -> None:
    """A thread that looks up a name, or waits for a disk, cannot be stopped; it must not hold up our end.

    Everything is committed and closed by now, so the process may go as if it were killed.
    """
    calls.shutdown(wait=False, cancel_futures=True)
    for thread in threading.enumerate():
        if thread.name.startswith("calls"):
            thread.join(HANGING_LIMIT_S)
            if thread.is_alive():
                logging.shutdown()
                os._exit(0)


class _Gateway:
    """Everything, built once."""

    def __init__(
        self,
        folder: StateFolder,
        config: Config,
        writer: Connection,
        reader: Connection,
        downward: Connection,
        shown: Connection,
    ) -> None:
        self._folder, self._config = folder, config
        self._changes, self._shown = Changes(), Changes()
        self._queries = Queries(shown)
        self._known = Known(shown)
        self._board = Board(self._overview, self._changes)
        self._lanes = Lanes(time.monotonic)
        self._upkeep = Upkeep(folder, _now)
        keys = Keys(folder.region_keys(), folder.ack_key())
        vault = Vault(folder.store_key())
        self._down = Downlink(downward, folder.control_key, _now, time.monotonic)
        self._judge = JudgeProcess(folder.state) if _has_room_for_two(folder) else None
        meter = Meter(self._judge.pids if self._judge is not None else tuple)
        self._worker = Worker(
            writer, reader, vault, keys, self._lanes, _now, self._changes.rise, self._down, self._judge, meter
        )
        tls = client_tls(folder.servers_ca(), folder.worker_certificate(), folder.worker_key())
        self._link = open_link(config, tls, self._worker.take, random.Random())  # noqa: S311

    async def run(self, listener: socket.socket) -> None:
        # Its streams end by themselves when ``changes`` is closed.
        server = PageServer(self._app(), lambda: None, CONNECTIONS_LIMIT)
        ending = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, ending.set)
        link = asyncio.create_task(self._link.run())
        pages = asyncio.create_task(server.serve([listener]))
        board = asyncio.create_task(self._board.keep(self._shown))
        host, port = listener.getsockname()[:2]
        log.info("region %s: pages at http://%s:%d/", self._config.region, host, port)
        asked = asyncio.create_task(ending.wait())
        upkeep = asyncio.create_task(self._upkeep.keep())
        enrolment = asyncio.create_task(receive_devices(self._folder, _now))
        await asyncio.wait({link, pages, board, upkeep, asked}, return_when=asyncio.FIRST_COMPLETED)
        self._changes.close()
        self._shown.close()
        server.should_exit = True
        asked.cancel()
        upkeep.cancel()
        enrolment.cancel()
        while not link.done():
            # aiomqtt waits with asyncio.wait_for, which in Python 3.11 loses a cancellation that comes together with
            # its result: said once, a gateway told to end would now and then stay.
            link.cancel()
            await asyncio.wait({link}, timeout=SAY_AGAIN_S)
        results = await asyncio.gather(link, pages, board, asked, upkeep, enrolment, return_exceptions=True)
        self._worker.close()
        self._board.close()
        if self._judge is not None:
            await self._judge.close()
        self._down.close()
        log.info("ended")
        for result in results:
            if isinstance(result, Exception):
                raise result

    def _overview(self) -> Overview:
        queries = self._queries
        return Overview(
            region=self._config.region,
            lanes=self._lanes.views(self._known.devices()),
            referrals=queries.referrals(_now()),
            movements=queries.movements(),
            counts=queries.counts(),
            alarms=(*self._upkeep.alarms(), *newest_alarms(queries.alarms(), _now())),
        )

    def _healthy(self) -> dict[str, object]:
        broker, store = self._link.connected, self._worker.store_ok
        told = {"ok": broker and store, "broker": broker, "store": store, "region": self._config.region}
        return {**told, "failing": self._upkeep.failing()}

    def _app(self) -> Starlette:
        metrics = self._worker.meter.told
        told = api.routes(self._queries, self._board.ask, self._healthy, metrics)
        routes = [*told, *page_routes(self._board.overview, self._shown)]
        return Starlette(routes=routes, middleware=page_middleware(), exception_handlers={StoreFault: api.store_away})


def _has_room_for_two(folder: StateFolder) -> bool:
    """A second process judges where there is a second core; it reads its keys from the folder alone."""
    return len(os.sched_getaffinity(0)) > 1 and (folder.state / CONFIG_NAME).exists()


def _listen(config: Config) -> socket.socket:
    if config.pages_host not in LOCAL_HOSTS:  # the page asks nobody who they are
        message = f"The pages may not listen on {config.pages_host}: they have no login yet."
        raise GatewayError("not-local", message, f"Set {' or '.join(LOCAL_HOSTS)} under [pages].")
    try:
        return listen(config.pages_host, config.pages_port)
    except OSError as error:
        message = f"The pages cannot listen on {config.pages_host}:{config.pages_port}: {error.strerror}."
        raise GatewayError("port-taken", message, "End what holds the port, or set another under [pages].") from error


def _now() -> datetime:
    return datetime.now(UTC)


def main() -> int:
    """``python -m gateway STATE``; people use ``borderpost gateway run``."""
    try:
        folder = StateFolder(Path(sys.argv[1]))
        serve(folder, folder.config)
    except GatewayError as error:
        print(error, file=sys.stderr)
        return 4
    return 0


if __name__ == "__main__":
    sys.exit(main())
