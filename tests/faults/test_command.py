"""``./run faults`` does no less than it was told to, and what was promised where nothing was said."""

import pytest

from tests.faults.__main__ import LANE_KILLS_MAX, read_options, shares


@pytest.mark.parametrize("images", [1, 2, 5, 6, 7, 49, 50, 4_999, 5_000, 5_001])
def test_no_disk_is_looked_into_less_often_than_was_asked_for(images: int) -> None:
    of_outbox, of_each = shares(images)
    assert min(of_outbox, of_each) > 0
    assert of_outbox + 3 * of_each == max(images, 4)


def test_a_thousand_kills_are_made_unless_another_number_is_said() -> None:
    assert read_options([]).kills == 1_000
    assert read_options(["--kills", "0"]).kills == 0
    assert read_options(["--kills", "7", "--lane"]).kills == 7
    assert read_options(["--lane"]).kills == LANE_KILLS_MAX  # each of them takes a traveller's time
