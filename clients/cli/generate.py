"""`sealtrace generate`: lists of invented agencies, with the truth about every row."""

from pathlib import Path
from typing import Annotated

import typer

from clients import generator
from clients.cli.options import JsonOption, edge_of
from clients.errors import ListError
from ledger.jsontext import JsonValue

_DEFAULTS = generator.Options()


def generate(  # noqa: PLR0913 - each option is one rate of the world
    context: typer.Context,
    output: Annotated[
        Path, typer.Option("-o", "--output", metavar="DIR", help="The folder for the lists and truth.csv.")
    ],
    *,
    weapons: Annotated[int, typer.Option(min=0, help="How many weapons live.")] = _DEFAULTS.weapons,
    seed: Annotated[int, typer.Option(help="The same seed gives the same lists.")] = _DEFAULTS.seed,
    usable: Annotated[float, typer.Option(help="Share of rows with a usable serial.")] = _DEFAULTS.usable_serials,
    wordings: Annotated[float, typer.Option(help="Share with a wording instead.")] = _DEFAULTS.wordings,
    slips: Annotated[float, typer.Option(help="Share of serials with O for 0.")] = _DEFAULTS.letter_digit_slips,
    repeats: Annotated[float, typer.Option(help="Share of rows seen before.")] = _DEFAULTS.repeats,
    aliases: Annotated[float, typer.Option(help="Share of makes by an alias.")] = _DEFAULTS.make_aliases,
    missing: Annotated[float, typer.Option(help="Share of rows without a make.")] = _DEFAULTS.makes_missing,
    shared: Annotated[float, typer.Option(help="Share of serials met under another make.")] = _DEFAULTS.shared_serials,
    as_json: JsonOption = False,
) -> None:
    """Invent weapons that live once, and what each agency writes down of them.

    Example: sealtrace generate -o lists --weapons 5000 --seed 7
    """
    try:
        options = generator.Options(
            seed=seed,
            weapons=weapons,
            usable_serials=usable,
            wordings=wordings,
            letter_digit_slips=slips,
            repeats=repeats,
            make_aliases=aliases,
            makes_missing=missing,
            shared_serials=shared,
        )
    except generator.OptionsError as error:
        raise ListError(str(error), next_step="see `sealtrace generate --help`") from error
    lives = generator.generate(options)
    files = generator.write(lives, output)
    rows: dict[str, JsonValue] = {agency: len(found) for agency, found in lives.rows.items()}
    text = "\n".join(f"{agency:<12} {len(found):>8,} rows" for agency, found in lives.rows.items())
    edge_of(context).show(
        f"{text}\ntruth        {output / generator.TRUTH_FILE}",
        {"rows": rows, "files": [str(path) for path in files]},
        as_json=as_json,
    )
