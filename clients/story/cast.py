"""Who is in the story. States and agencies are invented (ISO 3166 leaves XAA to XZZ to its users)."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """One member of the consortium and how its commands are told apart."""

    id: str
    name: str
    country: str
    does: str
    auditor: bool = False


ARMS = Member(id="xar-arms", name="National Arms Office", country="XAR", does="submits, reads")
BUREAU = Member(id="xbe-cib", name="Criminal Investigation Bureau", country="XBE", does="submits, reads")
POLICE = Member(id="xco-npa", name="National Police Agency", country="XCO", does="submits, reads")
PARTNER = Member(id="xdu-moi", name="Ministry of the Interior", country="XDU", does="partner: reads, asks")
AUDITOR = Member(id="xin-audit", name="Joint Audit Office", country="XIN", does="audits", auditor=True)

AGENCIES = (ARMS, BUREAU, POLICE, PARTNER)
SUBMITTERS = (ARMS, BUREAU)
EVERYBODY = (*AGENCIES, AUDITOR)
WITNESSES = AGENCIES
# Takes no connection from outside: its witness asks the service what there is to cosign.
OUTBOUND = POLICE
