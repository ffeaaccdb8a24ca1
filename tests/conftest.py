"""What holds for every test: chance that repeats, and no clock that fails a test on a busy machine."""

from hypothesis import HealthCheck, settings

settings.register_profile(
    "same-everywhere", derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow], database=None
)
settings.load_profile("same-everywhere")
