"""Which account of the machine runs the embedded PostgreSQL, and what that account may reach.

PostgreSQL refuses to run as root. Where the exchange itself is run by root (a container, a
fresh virtual machine), it is started as the account `torvet`, made on first use.
"""

import os
import pwd
import shutil
import stat
import subprocess
from dataclasses import dataclass
from pathlib import Path

ACCOUNT = "torvet"
_FALLBACK = "nobody"  # where accounts cannot be made, as on a read-only image


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """An account of this machine."""

    name: str
    uid: int
    gid: int

    @property
    def is_another(self) -> bool:
        """Whether this is not the account of the present process."""
        return self.uid != os.geteuid()


def account_for(folder: Path) -> Account:
    """Return who runs PostgreSQL over `folder`: ourselves, or as root its owner or `torvet`."""
    if os.geteuid() != 0:
        return _account(pwd.getpwuid(os.geteuid()))
    if folder.exists() and (owner := folder.stat().st_uid) != 0:
        return _account(pwd.getpwuid(owner))
    return _account(_made(ACCOUNT))


def open_the_way(account: Account, *paths: Path) -> None:
    """Let `account` pass through the folders above `paths` (pass, not list), as root only."""
    if not account.is_another:
        return
    for path in paths:
        for folder in path.resolve().parents:
            found = folder.stat()
            if found.st_uid != account.uid and not found.st_mode & stat.S_IXOTH:
                folder.chmod(stat.S_IMODE(found.st_mode) | stat.S_IXOTH)


def give(account: Account, folder: Path) -> None:
    """Make `account` the owner of `folder` and all in it, where it is not."""
    if not account.is_another or folder.stat().st_uid == account.uid:
        return
    for root, folders, files in os.walk(folder):
        for name in (*folders, *files):
            os.chown(Path(root) / name, account.uid, account.gid, follow_symlinks=False)
    # The folder itself comes last: a crash on the way leaves the work to be done again.
    os.chown(folder, account.uid, account.gid)


def _account(entry: pwd.struct_passwd) -> Account:
    return Account(name=entry.pw_name, uid=entry.pw_uid, gid=entry.pw_gid)


def _made(name: str) -> pwd.struct_passwd:
    try:
        return pwd.getpwnam(name)
    except KeyError:
        pass
    if program := shutil.which("useradd"):
        command = [program, "--system", "--no-create-home", "--shell", "/usr/sbin/nologin", name]
        subprocess.run(command, check=False, capture_output=True)  # noqa: S603 - a fixed command
    try:
        return pwd.getpwnam(name)
    except KeyError:
        return pwd.getpwnam(_FALLBACK)
