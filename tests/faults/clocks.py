"""The wall clock of one process, set while it runs (``wall_clock.c``): everything else keeps its time."""

import subprocess
from dataclasses import dataclass
from pathlib import Path

SOURCE = Path(__file__).parent / "wall_clock.c"


@dataclass(frozen=True, slots=True)
class WallClock:
    library: Path
    offset: Path

    @classmethod
    def make(cls, folder: Path) -> "WallClock":
        folder.mkdir(parents=True, exist_ok=True)
        library = folder / "wall_clock.so"
        subprocess.run(["gcc", "-shared", "-fPIC", "-O2", "-o", str(library), str(SOURCE), "-ldl"], check=True)
        clock = cls(library, folder / "offset.txt")
        clock.shift(0)
        return clock

    @property
    def environment(self) -> dict[str, str]:
        return {"LD_PRELOAD": str(self.library), "WALL_CLOCK": str(self.offset)}

    def shift(self, seconds: float) -> None:
        """At once, never half written."""
        beside = self.offset.with_suffix(".new")
        beside.write_text(f"{seconds:.0f}\n")
        beside.replace(self.offset)
