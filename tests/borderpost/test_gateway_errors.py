"""A store that goes while a command is at work is said in a sentence, and what it held is in none."""

import pytest

from borderpost.errors import Fault
from borderpost.gateway import gateway_errors
from gateway.store.connection import StoreFault


def test_a_store_that_goes_under_a_command_is_a_sentence_with_a_cure() -> None:
    with pytest.raises(Fault) as told, gateway_errors():
        raise StoreFault("57P01")
    assert (told.value.code, told.value.exit_code) == ("store-refused", 4)
    assert "57P01" in told.value.message
    assert told.value.cure
