"""How frames come in and acknowledgements go out: a broker, or a cluster of NATS nodes."""
