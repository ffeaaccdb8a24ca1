"""What every daemon that we start has in common: it has a log, it can be killed, and it can be ended in good order."""

import contextlib
import signal
import subprocess
from abc import ABC, abstractmethod
from pathlib import Path
from types import TracebackType
from typing import Self

WORDS_SHOWN = 3  # lines of its log


class Daemon(ABC):
    """One process that comes and goes; ``folder`` holds its files over restarts."""

    stop_limit_s = 5.0
    stop_signal = signal.SIGTERM

    def __init__(self, folder: Path, log_name: str) -> None:
        self.folder = folder
        self.log = folder / log_name
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        return None if self._process is None else self._process.pid

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    @abstractmethod
    def start(self) -> None:
        """Put the process into ``_process``. Raises the daemon's own error, with a sentence."""

    def kill(self) -> None:
        """End it as a power cut would: nothing is saved."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def stop(self) -> None:
        """End it in good order: it saves what it has to save first."""
        if self._process is not None and self.running:
            self._process.send_signal(self.stop_signal)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(self.stop_limit_s)
        self.kill()

    def restart(self) -> None:
        self.kill()
        self.start()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _last_words(self) -> str:
        return " / ".join(self.log.read_text(errors="replace").splitlines()[-WORDS_SHOWN:])
