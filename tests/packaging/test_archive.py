"""packaging/archive.py: a tar that owes nothing to the machine it was written on."""

import io
import tarfile
from pathlib import Path

from archive import Member, write_tar

EPOCH = 1_700_000_000
MEMBERS = {
    "run.sh": Member(data=b"#!/bin/sh\n", executable=True),
    "b/two.txt": Member(data=b"two"),
    "b/a/one.txt": Member(data=b""),
}


def test_the_order_in_which_members_are_given_does_not_show(tmp_path: Path) -> None:
    """Two archives of the same members are the same bytes, whatever order they came in."""
    write_tar(tmp_path / "a.tar", folder="thing-1", members=MEMBERS, epoch=EPOCH)
    write_tar(tmp_path / "b.tar", folder="thing-1", members=dict(reversed(MEMBERS.items())), epoch=EPOCH)

    assert (tmp_path / "a.tar").read_bytes() == (tmp_path / "b.tar").read_bytes()


def test_members_have_one_owner_one_time_and_two_modes(tmp_path: Path) -> None:
    """Every member belongs to root, is as old as the commit, and is 755 if it may be run, else 644."""
    write_tar(tmp_path / "a.tar", folder="thing-1", members=MEMBERS, epoch=EPOCH)

    with tarfile.open(tmp_path / "a.tar") as tar:
        found = tar.getmembers()
    assert {(one.uid, one.gid, one.uname, one.gname, one.mtime) for one in found} == {(0, 0, "root", "root", EPOCH)}
    assert {one.name: one.mode for one in found if one.isfile()} == {
        "thing-1/run.sh": 0o755,
        "thing-1/b/two.txt": 0o644,
        "thing-1/b/a/one.txt": 0o644,
    }


def test_a_folder_stands_before_what_it_holds_and_all_is_under_one(tmp_path: Path) -> None:
    """Unpacking makes one folder, and needs none that was not announced."""
    write_tar(tmp_path / "a.tar", folder="thing-1", members=MEMBERS, epoch=EPOCH)

    with tarfile.open(tmp_path / "a.tar") as tar:
        names = tar.getnames()
    assert names[:3] == ["thing-1", "thing-1/b", "thing-1/b/a"]
    assert all(name == "thing-1" or name.startswith("thing-1/") for name in names)


def test_the_content_comes_back_as_it_was(tmp_path: Path) -> None:
    """What was put in is what is read, an empty file too."""
    write_tar(tmp_path / "a.tar", folder="thing-1", members=MEMBERS, epoch=EPOCH)

    with tarfile.open(tmp_path / "a.tar") as tar:
        found = {name: (tar.extractfile(f"thing-1/{name}") or io.BytesIO()).read() for name in MEMBERS}
    assert found == {name: member.data for name, member in MEMBERS.items()}
