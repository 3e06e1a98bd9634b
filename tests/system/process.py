"""Runs one process in a clean, bounded environment.

Nothing of the caller's environment is inherited, output goes to files of bounded size, the process gets its own session, and
whatever is left of that session's process group is killed at the end.
"""

import os
import pwd
import resource
import shlex
import signal
import subprocess
import tempfile
from dataclasses import dataclass, field

CLEAN_ENVIRONMENT = {
    "LC_ALL": "C",
    "HOME": "/nonexistent",
    "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
}
OUTPUT_SIZE_MAX = 64 << 20


@dataclass
class Outcome:
    """What a process did: its status (negative: the signal, None: out of time), and all it wrote."""

    status: int | None
    stdout: bytes
    stderr: bytes
    argv: list = field(default_factory=list, compare=False)
    environment: dict = field(default_factory=dict, compare=False)
    cwd: str = field(default="", compare=False)

    def status_text(self):
        if self.status is None:
            return "out of time"
        if self.status < 0:
            return f"killed by {signal.Signals(-self.status).name}"
        return f"exit {self.status}"

    def command_line(self):
        """A line for a shell that repeats the run."""
        environment = " ".join(f"{k}={shlex.quote(v)}" for k, v in self.environment.items())
        return f"cd {shlex.quote(self.cwd)} && env -i {environment} {shlex.join(map(str, self.argv))}"


def run(argv, *, environment=None, cwd="/", seconds=10, address_space=4 << 30, stdin=None, user=None, argv0=None,
        inherit_environment=False):
    """Run argv. Variables in `environment` are added to the clean ones; a value of None takes one away."""
    env = dict(os.environ) if inherit_environment else dict(CLEAN_ENVIRONMENT)
    for name, value in (environment or {}).items():
        if value is None:
            env.pop(name, None)
        else:
            env[name] = value

    def limit():
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(resource.RLIMIT_FSIZE, (OUTPUT_SIZE_MAX, OUTPUT_SIZE_MAX))
        if address_space:
            resource.setrlimit(resource.RLIMIT_AS, (address_space, address_space))

    identity = {}
    if user:
        entry = pwd.getpwnam(user)
        identity = {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}
    argv = [str(a) for a in argv]
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err, tempfile.TemporaryFile() as inp:
        inp.write(stdin or b"")
        inp.seek(0)
        process = subprocess.Popen(([argv0] + argv[1:]) if argv0 is not None else argv, executable=argv[0], env=env,
                                   cwd=cwd, stdin=inp if stdin is not None else subprocess.DEVNULL, stdout=out,
                                   stderr=err, start_new_session=True, preexec_fn=limit, **identity)
        try:
            status = process.wait(seconds)
        except subprocess.TimeoutExpired:
            status = None
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        process.wait()
        out.seek(0)
        err.seek(0)
        return Outcome(status, out.read(), err.read(), argv, env, str(cwd))
