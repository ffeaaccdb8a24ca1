"""What the lane has asked of the board and not yet heard an answer to. Each is said again until answered or void."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from firmware.barrier import words

WISH_LIMIT_s = 5.0  # a wish of another kind than a permission is void after this
PENDING_LIMIT = 16


@dataclass(eq=False)
class Wish:
    word: int
    door: int | None
    until_s: float
    number: int = 0  # of the passage
    expires_ms: int | None = None  # in the board's time, once known: saying it again does not make it last longer
    sequences: set[int] = field(default_factory=set)  # under which it has been said in this session

    def payload(self, board_ms: Callable[[float], int | None]) -> bytes | None:
        """Its payload; None while it cannot be said, since the board's clock is not known yet."""
        if self.word == words.REVOKE:
            return words.pack(words.REVOKE_FORM, self.door)
        if self.word != words.PERMIT:
            return b""
        if self.expires_ms is None:
            self.expires_ms = board_ms(self.until_s)
        if self.expires_ms is None:
            return None
        return words.pack(words.PERMIT_FORM, self.door, self.number, self.expires_ms)


class Wishes:
    """At most one of each kind and door: a later one takes the place of an earlier one, and of its opposite."""

    def __init__(self) -> None:
        self._pending: list[Wish] = []

    def __iter__(self) -> Iterator[Wish]:
        return iter(self._pending)

    def permit(self, door: int, number: int, until_s: float) -> None:
        self.drop(words.PERMIT, words.REVOKE, door=door)
        self._add(Wish(words.PERMIT, door, until_s, number))

    def revoke(self, door: int, now_s: float) -> None:
        self.drop(words.PERMIT, words.REVOKE, door=door)
        self._add(Wish(words.REVOKE, door, now_s + WISH_LIMIT_s))

    def ask(self, word: int, until_s: float, *instead_of: int) -> None:
        """Something that concerns no single door."""
        self.drop(word, *instead_of)
        self._add(Wish(word, None, until_s))

    def drop(self, *dropped: int, door: int | None = None) -> None:
        self._pending = [
            wish for wish in self._pending if wish.word not in dropped or (door is not None and wish.door != door)
        ]

    def lapse(self, now_s: float) -> None:
        self._pending = [wish for wish in self._pending if now_s < wish.until_s]

    def unsaid(self) -> bool:
        return any(not wish.sequences for wish in self._pending)

    def say_all_again(self) -> None:
        """A new session: its numbers begin anew."""
        for wish in self._pending:
            wish.sequences.clear()

    def answered(self, sequence: int) -> Wish | None:
        """Strike off the wish that was said under this sequence."""
        for wish in self._pending:
            if sequence in wish.sequences:
                self._pending.remove(wish)
                return wish
        return None

    def _add(self, wish: Wish) -> None:
        if len(self._pending) >= PENDING_LIMIT:
            raise AssertionError("more wishes than there are kinds of them")
        self._pending.append(wish)
