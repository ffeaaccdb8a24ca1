"""What is proved while the chip is still being read? Passive authentication, in a thread, as soon as EF.SOD is there.

(Doc 9303-11, 5.1) The signature takes the longest and needs no portrait; the hashes of the groups follow at the end and
cost next to nothing. So the traveller waits for the chip alone.
"""

import time
from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import date
from types import TracebackType
from typing import Final

from icao.checks import Check
from icao.lds.com import parse_com
from icao.lds.files import EF_COM, EF_DG1, EF_SOD, data_group
from icao.lds.sod import parse_sod
from icao.passive import verify
from icao.passive.groups import group_hash, group_list
from icao.pki.trust import Trust
from icao.tlv import Garbled

GROUPS: Final = {data_group(number).name: number for number in range(1, 17)}


class PassiveBeside:
    """Hears each file as it comes. Used as a context, so that its thread ends with the reading."""

    def __init__(self, trust: Trust, at: date) -> None:
        self._trust, self._at = trust, at
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="passive-authentication")
        self._files: dict[str, bytes] = {}
        self._begun: Future[tuple[Check, ...]] | None = None
        self.took_ms = 0.0

    def __enter__(self) -> "PassiveBeside":
        # Started before there is anything to do: whoever starts a thread waits for it, and the chip would wait too.
        self._thread.submit(bool)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._thread.shutdown(wait=False, cancel_futures=True)

    def came(self, name: str, content: bytes) -> None:
        self._files[name] = content
        if name == EF_SOD.name:
            # Also when it comes again: another document may have been laid down since (A25).
            self._begun = self._thread.submit(self._verify, content, self._files.get(EF_DG1.name))

    def checks(self, files: Mapping[str, bytes], sought: Collection[int]) -> tuple[Check, ...]:
        """Of all files that were read; none at all without EF.SOD."""
        if self._begun is None or EF_SOD.name not in files:
            return ()
        return with_groups(self._begun.result(), files, sought)

    def _verify(self, sod: bytes, dg1: bytes | None) -> tuple[Check, ...]:
        began_s = time.perf_counter()
        checks = verify(sod, {} if dg1 is None else {1: dg1}, self._trust, self._at, clock_s=time.perf_counter)
        self.took_ms = (time.perf_counter() - began_s) * 1000
        return checks


def passive(files: Mapping[str, bytes], sought: Collection[int], trust: Trust, at: date) -> tuple[Check, ...]:
    """Everything at once; ``sought`` are the groups that were looked for."""
    if EF_SOD.name not in files:
        return ()
    groups = {1: files[EF_DG1.name]} if EF_DG1.name in files else {}
    return with_groups(verify(files[EF_SOD.name], groups, trust, at, clock_s=time.perf_counter), files, sought)


def with_groups(checks: Sequence[Check], files: Mapping[str, bytes], sought: Collection[int]) -> tuple[Check, ...]:
    """The hashes of the other groups, and whether all are there that should be. Nothing more of a garbled EF.SOD."""
    try:
        sod = parse_sod(files[EF_SOD.name])
    except Garbled:
        return tuple(checks)
    read = {number: files[name] for name, number in GROUPS.items() if name in files}
    hashes = [group_hash(sod, number, content) for number, content in read.items() if number != 1]
    listed = group_list(sod, {*read, *_claimed(files)}, set(sought) - set(read), told=True)
    place = 1 + max((at for at, check in enumerate(checks) if check.id == "pa.dg_hash.1"), default=len(checks) - 1)
    return (*checks[:place], *hashes, *checks[place:], *listed)


def _claimed(files: Mapping[str, bytes]) -> tuple[int, ...]:
    """What EF.COM says that there is: unsigned, but somebody wrote it."""
    try:
        return parse_com(files[EF_COM.name]).groups if EF_COM.name in files else ()
    except Garbled:
        return ()
