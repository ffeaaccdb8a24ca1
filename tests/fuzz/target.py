"""What is a door that a stranger's bytes come through? True input to spoil, and the exceptions that it documents."""

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Make = Callable[[random.Random], Any]


@dataclass(frozen=True, slots=True)
class Target:
    """``make`` draws one input, ``take`` is the door, ``documented`` are the exceptions that its docstring promises."""

    name: str
    make: Make
    take: Callable[[Any], object]
    documented: tuple[type[Exception], ...] = ()
