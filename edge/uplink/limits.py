"""How much is on its way to the region, and how long is anything waited for? One table."""

from typing import Final

# --- rows on their way ---
WINDOW_ROWS: Final = 20
LIVE_SHARE: Final = 0.8  # of the window, kept free for what happens now
LIVE_ROWS: Final = 200  # after a reconnection: so many of the newest are still today's, the rest is backlog
BACKLOG_FIRST_ROWS: Final = 4  # on their way after a reconnection; then as many as are answered soon
BACKLOG_QUEUE_S: Final = 0.4  # longer than the soonest answer: others wait in the same queue
FLIGHT_ROWS_MAX: Final = 1_000
RESEND_CEILING_S: Final = 60.0
PUBLISH_LIMIT_S: Final = 60.0  # a full window through 64 kbit/s takes several seconds; a dead line the keep-alive finds

# --- the line ---
ANSWER_LIMIT_S: Final = 5.0  # for a CONNACK or a SUBACK
STEADY_S: Final = 10.0  # a connection that lasted so long was a good one: begin the back-off anew
INCOMING_MAX: Final = 1_000
OUTGOING_MAX: Final = 4 * WINDOW_ROWS  # both lanes, and as much again
SAY_AGAIN_S: Final = 0.2  # that it is to end

# --- what is said beside the rows ---
STATUS_BOOTS_MAX: Final = 16
STATUS_LEAST_S: Final = 0.02  # between two, however much there is to tell
ANSWERS_MAX: Final = 20  # to commands, kept while nobody can hear them

# --- alarms ---
SILENCE_MAX_S: Final = 300.0  # of a region, while the line is up and rows wait
ALARM_EVERY_S: Final = 60.0  # a flood of forged acknowledgements must not fill the outbox with alarms
