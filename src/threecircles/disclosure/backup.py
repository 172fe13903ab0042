"""A workspace sealed to the council's own key: without it a backup would be the copy that a thief takes."""

from __future__ import annotations

import os
import tarfile
import threading
from pathlib import Path

from threecircles.core.errors import NotPermitted, UsageError
from threecircles.core.workspace import open_workspace
from threecircles.disclosure.secrets import read_private


def back_up(workspace: Path, recipient: str, out: Path) -> int:
    """Write the whole workspace into one file sealed with age; returns how many files are in it.

    recipient: the council's public key ("age1..."). Nothing is ever on the disk in clear that was not
    before: the archive streams straight into the seal. The key of the identity side is not in it:
    keep its copy elsewhere (`key drill` tries it). Raises UsageError for something that is no such
    key, or for a target inside the workspace.
    """
    import pyrage

    open_workspace(workspace)
    if workspace.resolve() in out.resolve().parents:
        raise UsageError("A backup does not lie inside what it backs up.", where=out.name)
    try:
        key = pyrage.x25519.Recipient.from_str(recipient)
    except Exception as error:
        raise UsageError(
            "This is not an age public key.", found=recipient[:12],
            mend="It begins with age1; `age-keygen` makes one.",
        ) from error  # fmt: skip
    files = sorted(p for p in workspace.rglob("*") if p.is_file() and p.name != "run.lock")
    reader, writer = os.pipe()
    failed: list[OSError] = []
    packing = threading.Thread(target=_pack, args=(workspace, files, writer, failed))
    aside = out.with_name(f".{out.name}.part")
    out.parent.mkdir(parents=True, exist_ok=True)
    with os.fdopen(reader, "rb") as source, aside.open("wb") as sealed:
        packing.start()
        pyrage.encrypt_io(source, sealed, [key])
    packing.join()
    if failed:
        aside.unlink()
        raise UsageError(
            "A file changed or could not be read while it was backed up.", found=str(failed[0]),
            mend="Wait until no run is at work, and try again.",
        )  # fmt: skip
    aside.replace(out)
    return len(files)


def restore(backup: Path, identity: Path, target: Path) -> int:
    """Unpack a backup into a new folder; returns how many files it held.

    identity: a file of mode 600 with the council's secret key ("AGE-SECRET-KEY-..."). Raises
    UsageError when the folder is there already, NotPermitted when the key does not open the file.
    """
    import pyrage

    if target.exists():
        raise UsageError("The folder is there already.", where=str(target), mend="Name a new one.")
    lines = read_private(identity).splitlines()
    secret = next((x for x in lines if x.startswith("AGE-SECRET-KEY-")), "")
    aside = target.with_name(f".{target.name}.part")
    packed = target.with_name(f".{target.name}.tar")
    try:
        with backup.open("rb") as sealed, packed.open("wb") as plain:
            pyrage.decrypt_io(sealed, plain, [pyrage.x25519.Identity.from_str(secret)])
        with tarfile.open(packed) as archive:
            archive.extractall(aside, filter="data")
    except (pyrage.DecryptError, pyrage.IdentityError) as error:
        raise NotPermitted("The backup does not open with this key.", where=backup.name) from error
    finally:
        packed.unlink(missing_ok=True)
    (aside / "identity").chmod(0o700)
    aside.replace(target)
    return sum(1 for p in target.rglob("*") if p.is_file())


def _pack(workspace: Path, files: list[Path], writer: int, failed: list[OSError]) -> None:
    # A thread's error would pass unseen, and half an archive would look like a whole one.
    try:
        with os.fdopen(writer, "wb") as stream, tarfile.open(fileobj=stream, mode="w|") as archive:
            for path in files:
                archive.add(path, arcname=path.relative_to(workspace).as_posix(), recursive=False)
    except OSError as error:
        failed.append(error)
