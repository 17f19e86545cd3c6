"""What a cell could not be read as: the one error a reader of cells raises, with its cause and its fix."""


class CellError(Exception):
    """A cell that cannot be read; neither text quotes the cell."""

    def __init__(self, cause: str, fix: str) -> None:
        """Hold what is wrong and how to mend it."""
        super().__init__(cause)
        self.cause = cause
        self.fix = fix
