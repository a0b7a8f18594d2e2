"""Settings of all tests: the Hypothesis profiles, and where the package under test comes from."""

from importlib.util import find_spec

from hypothesis import HealthCheck, settings

settings.register_profile("gate", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("thorough", settings.get_profile("gate"), derandomize=False, max_examples=2000)
settings.load_profile("gate")


def pytest_report_header() -> str:
    """Say which copy of the package is tested."""
    spec = find_spec("flask_bsr_scim")
    return f"package: {spec.origin if spec else 'not found'}"
