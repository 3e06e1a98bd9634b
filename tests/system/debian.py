"""Debian's packages and their sources from the archive that this machine uses, without installing anything.

apt keeps its state in a folder of its own.  Whatever cannot be had (no network, no apt, no such package) raises Unavailable:
the test is then skipped with that reason.
"""

import fcntl
import os
import pathlib
import shutil
import subprocess
import tarfile

import linkers

SECONDS = 120


class Unavailable(Exception):
    pass


def _run(argv, environment=None, cwd=None):
    try:
        result = subprocess.run(argv, cwd=cwd, capture_output=True, text=True, timeout=SECONDS, stdin=subprocess.DEVNULL,
                                env=dict(os.environ) | {"LC_ALL": "C"} | (environment or {}))
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Unavailable(f"{argv[0]}: {error}") from error
    if result.returncode:
        raise Unavailable(f"{' '.join(argv[:2])}: {result.stderr.strip().splitlines()[-1:] or result.returncode}")
    return result.stdout


def _archive():
    """Where this machine's own packages come from, and under which name."""
    listed = _run(["apt-get", "indextargets", "--format", "$(ORIGIN) $(REPO_URI) $(CODENAME)", "Created-By: Packages", "Component: main"])
    for line in listed.splitlines():
        origin, *rest = line.split()
        if origin == "Debian" and len(rest) == 2 and "-" not in rest[1]:
            return rest
    raise Unavailable("apt knows no archive of Debian")


class Archive:
    """One suite: this machine's own, or another by its name."""

    def __init__(self, suite=None):
        self.suite = suite
        self.folder = linkers.cache_folder() / "debian" / (suite or "own")
        self.environment = {"APT_CONFIG": str(self.folder / "config")}
        for name in ("state/lists/partial", "cache/archives/partial", "parts"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)

    def _apt(self, *words, cwd=None):
        return _run(["apt-get", "-qq", *words], self.environment, cwd)

    def _refresh(self, kind):
        """The lists of what there is; once."""
        uri, codename = _archive()
        line = f"{kind} {uri} {self.suite or codename} main\n"
        sources = self.folder / "sources.list"
        if sources.exists() and sources.read_text() == line and (self.folder / "complete").exists():
            return
        (self.folder / "complete").unlink(missing_ok=True)
        sources.write_text(line)
        (self.folder / "status").write_text("")
        (self.folder / "config").write_text(
            f'Dir::Etc::sourcelist "{sources}";\nDir::Etc::sourceparts "{self.folder}/parts";\n'
            f'Dir::State "{self.folder}/state";\nDir::State::status "{self.folder}/status";\n'
            f'Dir::Cache "{self.folder}/cache";\nAPT::Sandbox::User "root";\nAcquire::Languages "none";\n'
            'Acquire::http::Timeout "15";\nAcquire::Retries "1";\nAPT::Get::List-Cleanup "false";\n')
        self._apt("update")
        if not any((self.folder / "state" / "lists").glob(f"*_{'Sources' if kind == 'deb-src' else 'Packages'}*")):
            raise Unavailable("apt could not read the archive's lists")
        (self.folder / "complete").touch()

    def _kept(self, name, kind, fill):
        """The folder NAME, filled once; only one session at a time does that."""
        target = self.folder / name
        with open(self.folder / "lock", "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not target.exists():
                self._refresh(kind)
                fresh = self.folder / (name + ".fresh")
                shutil.rmtree(fresh, ignore_errors=True)
                fresh.mkdir()
                fill(fresh)
                fresh.rename(target)
        return target

    def source(self, package):
        """The folder of a source as its authors released it, without Debian's changes."""
        def fill(folder):
            self._apt("source", "--download-only", "--only-source", package, cwd=folder)
            for path in folder.glob("*.orig.tar.*"):
                if path.suffix != ".asc":
                    with tarfile.open(path) as archive:
                        archive.extractall(folder)
        kept = self._kept(package + ".source", "deb-src", fill)
        folders = [path for path in kept.iterdir() if path.is_dir()]
        if len(folders) != 1:
            raise Unavailable(f"{package}: its source has another form than expected")
        return folders[0]

    def package(self, package):
        """The folder with a package's files."""
        def fill(folder):
            self._apt("download", package, cwd=folder)
            for path in folder.glob("*.deb"):
                _run(["dpkg-deb", "-x", str(path), str(folder)])
        return self._kept(package, "deb", fill)


def npm_package(package):
    """The folder of a package of npm's registry."""
    folder = linkers.cache_folder() / "npm" / package.replace("/", "_")
    folder.parent.mkdir(parents=True, exist_ok=True)
    with open(folder.with_name(folder.name + ".lock"), "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.exists():
            if not shutil.which("npm"):
                raise Unavailable("npm is not installed")
            fresh = pathlib.Path(str(folder) + ".fresh")
            shutil.rmtree(fresh, ignore_errors=True)
            fresh.mkdir()
            _run(["npm", "pack", "--silent", "--fetch-retries=1", "--fetch-timeout=30000", package], cwd=fresh)
            for path in fresh.glob("*.tgz"):
                with tarfile.open(path) as archive:
                    archive.extractall(fresh)
            fresh.rename(folder)
    return folder / "package"
