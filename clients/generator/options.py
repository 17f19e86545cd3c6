"""What a generated world looks like: its size, its agencies, and how often officers err."""

from dataclasses import dataclass, fields

from ledger.errors import LedgerError
from ledger.identifiers import agency_id

DEFAULT_AGENCIES = ("xar-arms", "xbe-cib", "xco-npa", "xdu-moi")
MAX_WEAPONS = 1_000_000


class OptionsError(Exception):
    """Options that no world can be made with."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """The options of the generator; rates are shares of rows unless they say otherwise.

    Defaults follow what was counted in lists of real agencies: 71 % of rows with a usable number, 20 % with a
    wording instead, the rest empty, too short, partly unreadable or damaged; 30 % of makes by an alias.
    """

    seed: int = 1
    weapons: int = 1_000
    agencies: tuple[str, ...] = DEFAULT_AGENCIES
    first_year: int = 1988
    last_year: int = 2025
    usable_serials: float = 0.71
    wordings: float = 0.20
    letter_digit_slips: float = 0.0023
    repeats: float = 0.10
    make_aliases: float = 0.30
    makes_missing: float = 0.03
    shared_serials: float = 0.005

    def __post_init__(self) -> None:
        """Raise OptionsError for what no world can be made with."""
        rates = [getattr(self, one.name) for one in fields(self) if one.type is float]
        if not all(0 <= rate <= 1 for rate in rates) or self.repeats > 0.9:
            raise OptionsError("a rate is between 0 and 1, that of repeats at most 0.9")
        if self.usable_serials + self.wordings > 1 or self.make_aliases + self.makes_missing > 1:
            raise OptionsError("shares of one whole add up to more than 1")
        if not 0 <= self.weapons <= MAX_WEAPONS:
            raise OptionsError(f"at most {MAX_WEAPONS} weapons")
        if not 1900 <= self.first_year <= self.last_year - 15 <= 2085:
            raise OptionsError("years from 1900 to 2100, with at least 15 between the first and the last")
        self._check_agencies()

    def _check_agencies(self) -> None:
        if not self.agencies or len(set(self.agencies)) != len(self.agencies):
            raise OptionsError("at least one agency, and each once")
        try:
            states = [agency_id(one)[:3] for one in self.agencies]
        except LedgerError as error:
            raise OptionsError("an agency is named like xar-arms") from error
        if not all(state.startswith("x") for state in states):
            raise OptionsError("agencies are invented: their States are codes from xaa to xzz")
