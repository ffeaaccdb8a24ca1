"""What the board starts with."""

from firmware.barrier.app import App
from firmware.barrier.hal import Board


def main() -> None:
    App(Board()).run()


if __name__ == "__main__":
    main()
