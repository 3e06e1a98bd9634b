"""Private namespaces, and a linker bind-mounted over a path in one. Nothing outside this process and its children changes."""

import ctypes
import errno
import os
import pathlib
import signal

CLONE_NEWNS, CLONE_NEWUTS, CLONE_NEWIPC, CLONE_NEWUSER, CLONE_NEWNET = 0x20000, 0x4000000, 0x8000000, 0x10000000, 0x40000000
MS_BIND, MS_REC, MS_PRIVATE = 0x1000, 0x4000, 0x40000
PR_SET_CHILD_SUBREAPER = 36

_libc = ctypes.CDLL(None, use_errno=True)


def _check(result, what):
    if result:
        error = ctypes.get_errno()
        raise OSError(error, f"{what}: {os.strerror(error)}")


def enter(network=True):
    """Leave the shared mount (and, unless asked to stay, network) namespaces; without root, through a user namespace."""
    flags = CLONE_NEWNS
    if not network:
        flags |= CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS
    uid, gid = os.geteuid(), os.getegid()
    if uid != 0:
        flags |= CLONE_NEWUSER
    _check(_libc.unshare(flags), "unshare")
    if uid != 0:
        for name, text in (("setgroups", "deny"), ("uid_map", f"{uid} {uid} 1"), ("gid_map", f"{gid} {gid} 1")):
            with open(f"/proc/self/{name}", "w") as file:
                file.write(text)
    _check(_libc.mount(None, b"/", None, MS_REC | MS_PRIVATE, None), "make mounts private")


def enter_as_root():
    """New user and mount namespaces in which we are root, and everybody else is who they were, if we were root before."""
    ranges = "0 0 65536" if os.geteuid() == 0 else f"0 {os.geteuid()} 1"
    groups = "0 0 65536" if os.geteuid() == 0 else f"0 {os.getegid()} 1"
    ready = os.pipe()
    parent, helper = os.getpid(), os.fork()
    if helper == 0:
        # Only a process outside may give the inside more than one identity.
        os.read(ready[0], 1)
        if os.geteuid() != 0:
            pathlib.Path(f"/proc/{parent}/setgroups").write_text("deny")
        pathlib.Path(f"/proc/{parent}/gid_map").write_text(groups)
        pathlib.Path(f"/proc/{parent}/uid_map").write_text(ranges)
        os._exit(0)
    _check(_libc.unshare(CLONE_NEWUSER | CLONE_NEWNS), "unshare")
    os.write(ready[1], b"x")
    _, status = os.waitpid(helper, 0)
    for descriptor in ready:
        os.close(descriptor)
    if status:
        raise OSError(errno.EPERM, "cannot map users")
    _check(_libc.mount(None, b"/", None, MS_REC | MS_PRIVATE, None), "make mounts private")


def mount(kind, target, options=None):
    """Mount a file system of a kind, in this namespace only."""
    _check(_libc.mount(kind.encode(), os.fsencode(target), kind.encode(), 0, options and os.fsencode(options)),
           f"mount {kind} on {target}")


def overlay(folders, target):
    """Lay folders over one another, the first on top, read-only."""
    mount("overlay", target, "lowerdir=" + ":".join(map(str, folders)))


def bind(source, target):
    """Lay one file over another, in this namespace only."""
    _check(_libc.mount(os.fsencode(source), os.fsencode(target), None, MS_BIND, None), f"bind {source} over {target}")


def adopt_orphans():
    """Become the parent of descendants whose parent ends, so that they can be ended as well."""
    _check(_libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0), "prctl")


def end_children():
    """Kill and reap every child left, and in turn theirs."""
    while True:
        with open(f"/proc/self/task/{os.getpid()}/children") as file:
            children = [int(pid) for pid in file.read().split()]
        if not children:
            return
        for pid in children:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
