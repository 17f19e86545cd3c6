"""The kinds of entries, by the `typ` of their protected headers, and the roles of keys (docs/protocol.md, 2 and 3)."""

from enum import Enum


class Typ(Enum):
    """The `typ` member of a protected header."""

    RECORD = "sealtrace-record+sd-jwt"
    GRANT = "sealtrace-grant+jws"
    MESSAGE = "sealtrace-message+jws"
    SLIPS = "sealtrace-slips+jws"
    EXPUNGE = "sealtrace-expunge+jws"
    BATCH = "sealtrace-batch+jws"
    KEY = "sealtrace-key+jws"
    CHARTER = "sealtrace-charter+jws"


STATEMENTS = (Typ.RECORD, Typ.GRANT, Typ.MESSAGE, Typ.SLIPS, Typ.EXPUNGE)


class Role(Enum):
    """What a key may be used for; one key never has two roles."""

    ROOT = "root"
    RECOVERY = "recovery"
    SIGN = "sign"
    BATCH = "batch"
    HTTP = "http"
    HPKE = "hpke"
    WITNESS = "witness"
