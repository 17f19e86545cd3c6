"""The whole examination, in the order in which an operator would repair."""

from server.doctor.faults import Fault, Site
from server.doctor.files import check_files
from server.doctor.inside import check_inside
from server.doctor.machine import check_machine


def diagnose(site: Site) -> tuple[Fault, ...]:
    """Return every fault that is found, each once; nothing is changed."""
    found = [*check_machine(site), *check_files(site)]
    if site.config.data.is_dir():
        found += check_inside(site)
    return tuple({fault.name: fault for fault in reversed(found)}.values())[::-1]
