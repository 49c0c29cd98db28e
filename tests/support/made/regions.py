"""A deployment that knows the example county beside the standard's codes."""

from foothold_ingest.intake.county_codes import standard
from foothold_ingest.rules.accept import Deployment
from foothold_ingest.rules.regions import Held, Regions

EXAMPLE_COUNTY = "370399"
ALWAYS = Held(None, None)


def deployment(secret: bytes = b"x" * 32) -> Deployment:
    """What the door judges with."""
    return Deployment(secret, Regions({**standard().held, EXAMPLE_COUNTY: (ALWAYS,)}))
