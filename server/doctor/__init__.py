"""`sealtrace-server doctor`: what keeps a service from running well, and the next step for each."""

from server.doctor.diagnosis import diagnose
from server.doctor.faults import NEXT_STEPS, Fault, Site

__all__ = ["NEXT_STEPS", "Fault", "Site", "diagnose"]
