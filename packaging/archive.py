"""A tar whose bytes depend on its members alone: sorted names, one owner, one time, two modes."""

import io
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """The content of one file, and whether it may be run."""

    data: bytes
    executable: bool = False


def write_tar(path: Path, *, folder: str, members: Mapping[str, Member], epoch: int) -> None:
    """Write `members` under `folder`, every folder before what it holds.

    The format is pax: a wheel that names four platforms has a longer name than ustar can hold.
    """
    with tarfile.open(path, "w", format=tarfile.PAX_FORMAT) as tar:
        for name in sorted(_folders(folder, members)):
            tar.addfile(_info(name, kind=tarfile.DIRTYPE, mode=0o755, epoch=epoch))
        for name, member in sorted(members.items()):
            info = _info(
                f"{folder}/{name}", kind=tarfile.REGTYPE, mode=0o755 if member.executable else 0o644, epoch=epoch
            )
            info.size = len(member.data)
            tar.addfile(info, io.BytesIO(member.data))


def _folders(folder: str, members: Mapping[str, Member]) -> set[str]:
    parents = {str(parent) for name in members for parent in PurePosixPath(folder, name).parents}
    return parents - {"."}


def _info(name: str, *, kind: bytes, mode: int, epoch: int) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.mode, info.mtime = kind, mode, epoch
    info.uid = info.gid = 0
    info.uname = info.gname = "root"
    return info
