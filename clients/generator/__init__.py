"""Makes lives, not lists: invented States, real makes, and every agency's own partial and misspelled view of them.

A world made from a seed is the same on every machine. It is what the demonstration shares, what tests and benchmarks
measure, and what a matcher can be trained on, for the truth about every row is known.
"""

from clients.generator.files import TRUTH_COLUMNS, TRUTH_FILE, write
from clients.generator.lists import CASE_COLUMNS, COLUMNS, Lives, Row, Truth, canaries, generate
from clients.generator.options import Options, OptionsError

__all__ = [
    "CASE_COLUMNS",
    "COLUMNS",
    "TRUTH_COLUMNS",
    "TRUTH_FILE",
    "Lives",
    "Options",
    "OptionsError",
    "Row",
    "Truth",
    "canaries",
    "generate",
    "write",
]
