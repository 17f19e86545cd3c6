"""A CycloneDX 1.6 bill of materials, written from the wheels that are shipped (docs/adr/0027)."""

import json
import uuid
from collections.abc import Sequence
from datetime import UTC, datetime

from wheels import Wheel


def bill(own: Wheel, wheels: Sequence[Wheel], *, epoch: int) -> bytes:
    """Return the bill as JSON, the same bytes for the same wheels: its serial number is a name, not a random number."""
    document = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": _serial_number([own, *wheels]),
        "version": 1,
        "metadata": {
            "timestamp": datetime.fromtimestamp(epoch, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "component": {**_component(own), "type": "application"},
        },
        "components": [_component(wheel) for wheel in wheels],
        "dependencies": [
            {
                "ref": _reference(wheel),
                "dependsOn": [_reference(other) for other in wheels if other.name in wheel.requires],
            }
            for wheel in (own, *wheels)
        ],
    }
    return (json.dumps(document, indent=2, ensure_ascii=False) + "\n").encode()


def _serial_number(wheels: Sequence[Wheel]) -> str:
    contents = "\n".join(wheel.sha256 for wheel in wheels)
    return f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_OID, contents)}"


def _component(wheel: Wheel) -> dict[str, object]:
    return {
        "type": "library",
        "bom-ref": _reference(wheel),
        "name": wheel.name,
        "version": wheel.version,
        "hashes": [{"alg": "SHA-256", "content": wheel.sha256}],
        "licenses": [_licence(wheel)],
        "purl": _reference(wheel),
    }


def _licence(wheel: Wheel) -> dict[str, object]:
    # Only License-Expression is promised to be SPDX (PEP 639); anything else is a name, in the schema's own word.
    if wheel.metadata["License-Expression"]:
        return {"expression": wheel.licence}
    return {"license": {"name": wheel.licence}}


def _reference(wheel: Wheel) -> str:
    # Our own wheel is on no index (docs/adr/0027), and a pypi address would claim that it is.
    kind = "generic" if wheel.name == "sealtrace" else "pypi"
    return f"pkg:{kind}/{wheel.name}@{wheel.version}"
