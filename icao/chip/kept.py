"""What is kept of a document that was lifted while it was read, until it is put back?

In memory only, and for seconds (edge/inspection): it holds a person. It is used again only after the chip has shown the
same DG1 and EF.SOD once more (A25), and what is used is verified like everything else.
"""

from dataclasses import dataclass, field


@dataclass(slots=True, repr=False)
class Kept:
    """Whole files by name, the beginnings of others, and how much progress was shown."""

    files: dict[str, bytes] = field(default_factory=dict)
    begun: dict[str, bytes] = field(default_factory=dict)
    shown: float = 0.0

    def __repr__(self) -> str:  # No name or portrait in a log.
        return f"Kept({', '.join(self.files)})"

    def only(self, *names: str) -> None:
        """Forget the rest."""
        self.files = {name: self.files[name] for name in names if name in self.files}
        self.begun.clear()
