"""To whom does a page answer? To this machine alone: nothing of it asks the network in."""

from typing import Final

LOCAL_HOSTS: Final = ("127.0.0.1", "localhost")
