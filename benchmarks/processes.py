"""What processes take of memory and of the processor, as the kernel counts it."""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_KIB = 1_024
_SECONDS = 0.02


def family(pid: int) -> list[int]:
    """Return a process and all that descend from it."""
    children = [
        int(child)
        for thread in Path(f"/proc/{pid}/task").iterdir()
        for child in (thread / "children").read_text(encoding="ascii").split()
    ]
    return [pid, *(one for child in children for one in family(child))]


def forget_peak(pid: int) -> None:
    """Have the kernel count the most memory of a process from now on: how it started is another question."""
    Path(f"/proc/{pid}/clear_refs").write_text("5", encoding="ascii")


def peak_bytes(pid: int) -> int:
    """Return the most memory that a process ever held resident, or held since that was forgotten."""
    lines = Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines()
    return _KIB * next((int(line.split()[1]) for line in lines if line.startswith("VmHWM:")), 0)


def processor_seconds(pid: int) -> float:
    """Return the time that the processor spent on a process, in it and for it."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class Watch:
    """The most memory that any child of this process held whose command line holds a word."""

    def __init__(self, word: str) -> None:
        """Begin with nothing seen."""
        self._word = word.encode()
        self.most_bytes = 0

    def look(self) -> None:
        """Look once; a process that ends meanwhile was seen before."""
        try:
            for pid in family(os.getpid())[1:]:
                if self._word in Path(f"/proc/{pid}/cmdline").read_bytes():
                    self.most_bytes = max(self.most_bytes, peak_bytes(pid))
        except (FileNotFoundError, ProcessLookupError):
            return


@contextmanager
def watching(word: str) -> Iterator[Watch]:
    """Look fifty times a second until the block ends."""
    watch, ended = Watch(word), threading.Event()

    def look() -> None:
        while not ended.wait(_SECONDS):
            watch.look()

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield watch
    finally:
        ended.set()
        thread.join()
