"""Images without a container engine: each stage is a folder, made by debootstrap and by the Dockerfile's own steps,
which run in it by chroot, with mounts and processes that end with the command."""
import contextlib
import os
import re
import shutil
import signal
import subprocess
from pathlib import Path

from container.dockerfile import ROOT, context, lineage, stages, variables, words

RELEASE = "bookworm"
KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"
# Process 1 of the folder's own processes: the end of `unshare` ends them all.
ENTER = 'mount -t proc proc "$0/proc" && mount --rbind /dev "$0/dev" && exec chroot "$@"'
KNOWN = {"RUN", "COPY", "ENV", "WORKDIR", "USER", "SHELL", "LABEL", "EXPOSE", "STOPSIGNAL", "HEALTHCHECK", "ENTRYPOINT"}


def missing():
    """Why images can't be made here, or nothing."""
    if os.geteuid() != 0:
        return "a chroot needs root"
    absent = [tool for tool in ("debootstrap", "unshare", "chroot", "apt-get") if not shutil.which(tool)]
    return f"{', '.join(absent)} not installed" if absent else None


def _sources():
    """Debian's archives that this machine's apt uses, for the release of the images."""
    listing = subprocess.run(["apt-get", "indextargets", "--format", "$(REPO_URI)", "Created-By: Packages"],
                             check=True, capture_output=True, text=True).stdout
    uris = sorted({uri.rstrip("/") for uri in listing.split() if re.search(r"/debian(-security)?/?$", uri)})
    main = [uri for uri in uris if not uri.endswith("-security")]
    assert main, "apt on this machine knows no Debian archive"
    lines = [f"deb {main[0]} {RELEASE} main"]
    lines += [f"deb {uri} {RELEASE}-security main" for uri in uris if uri.endswith("-security")]
    return main[0], "".join(line + "\n" for line in lines)


def make_base(root):
    """What the base image is: the smallest Debian, in which no service starts."""
    mirror, sources = _sources()
    keyring = ["--keyring", KEYRING] if Path(KEYRING).exists() else []
    subprocess.run(["debootstrap", "--variant=minbase", *keyring, RELEASE, root, mirror],
                   check=True, timeout=300, stdout=subprocess.DEVNULL)
    (root / "etc/apt/sources.list").write_text(sources)
    (root / "usr/sbin/policy-rc.d").write_text("#!/bin/sh\nexit 101\n")
    (root / "usr/sbin/policy-rc.d").chmod(0o755)
    settings = subprocess.run(["apt-config", "dump"], check=True, capture_output=True, text=True).stdout
    wanted = re.findall(r"^Acquire::(?:http|https|Retries|ForceIPv4).*\n", settings, re.MULTILINE)
    (root / "etc/apt/apt.conf.d/99machine").write_text("".join(wanted))
    shutil.copy("/etc/resolv.conf", root / "etc/resolv.conf")
    certificates = Path("/etc/ssl/certs/ca-certificates.crt")
    if "https:" in sources and certificates.exists():
        (root / "etc/ssl/certs").mkdir(parents=True, exist_ok=True)
        shutil.copy(certificates, root / "etc/ssl/certs")


class Running:
    """A container of ours: `unshare`, and below it process 1."""

    def __init__(self, process):
        self.process = process

    def children(self, pid=None):
        pid = pid or self.process.pid
        return [int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]

    def end(self, number=signal.SIGTERM, seconds=20):
        """Sends a signal to process 1; the exit code."""
        os.kill(self.children()[0], number)
        return self.process.wait(seconds)


class Image:
    """A folder with a system in it, and what the Dockerfile says of how to run it."""

    def __init__(self, root, env=None, folder="/", user="0:0", shell=("/bin/sh", "-c")):
        self.root, self.folder, self.user, self.shell = root, folder, user, list(shell)
        self.env = dict(env or {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"})
        self.entrypoint = self.health = None

    def command(self, argv, env=None):
        """The command line that runs argv in here."""
        env = {**self.env, "HOME": "/root" if self.user == "0:0" else "/nonexistent", **(env or {})}
        return ["unshare", "--mount", "--pid", "--fork", "--kill-child", "bash", "-c", ENTER, str(self.root),
                f"--userspec={self.user}", str(self.root), "env", "-i", f"--chdir={self.folder}",
                *[f"{name}={value}" for name, value in env.items()], *argv]

    def run(self, argv, timeout=60, env=None):
        return subprocess.run(self.command(argv, env), capture_output=True, text=True, timeout=timeout)

    @contextlib.contextmanager
    def running(self, env=None, log=None):
        """The entry point as process 1, killed at the end if it still runs."""
        process = subprocess.Popen(self.command(self.entrypoint, env), stdout=log, stderr=log)
        try:
            yield Running(process)
        finally:
            process.kill()
            process.wait()

    def copy(self, rest, images):
        options = [word for word in rest.split() if word.startswith("--")]
        *sources, target = [word for word in rest.split() if not word.startswith("--")]
        to = self.root / self.folder.lstrip("/") / target
        from_stage = [option.removeprefix("--from=") for option in options]
        for source in sources:
            if from_stage:
                self._copy_file(images[from_stage[0]].root / source.lstrip("/"), to / Path(source).name)
                continue
            files = [one for one in context() if one == source.rstrip("/") or one.startswith(source.rstrip("/") + "/")]
            assert files, f"COPY {source}: .dockerignore lets nothing of it through"
            for one in files:
                inner = os.path.relpath(one, source) if one.startswith(source.rstrip("/") + "/") else Path(one).name
                self._copy_file(ROOT / one, to / inner)

    @staticmethod
    def _copy_file(source, target):
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(source, target)

    def carry_out(self, instruction, rest, images):
        assert instruction in KNOWN, f"{instruction} isn't known here: teach machine.py"
        if instruction == "RUN":
            done = self.run([*self.shell, rest], timeout=600)
            assert done.returncode == 0, f"RUN {rest}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
        elif instruction == "COPY":
            self.copy(rest, images)
        elif instruction == "ENV":
            self.env.update(variables(rest))
        elif instruction == "WORKDIR":
            self.folder = rest
            (self.root / rest.lstrip("/")).mkdir(parents=True, exist_ok=True)
        elif instruction == "USER":
            self.user = rest
        elif instruction == "SHELL":
            self.shell = words(rest)
        elif instruction == "ENTRYPOINT":
            self.entrypoint = words(rest)
        elif instruction == "HEALTHCHECK":
            self.health = words(rest.partition(" CMD ")[2].strip())


def build(folder, *targets):
    """Carries out the Dockerfile below folder; the images of all its stages by name."""
    all_stages = stages()
    base = folder / "base"
    make_base(base)
    images = {}
    needed = [stage.name for target in targets for stage in lineage(all_stages, target)]
    for name in [one for one in all_stages if one in needed or one == "build"]:
        stage = all_stages[name]
        parent = images.get(stage.base) or Image(base)
        root = folder / name
        subprocess.run(["cp", "-a", "--reflink=auto", parent.root, root], check=True)
        images[name] = image = Image(root, parent.env, parent.folder, parent.user, parent.shell)
        for instruction, rest in stage.steps:
            image.carry_out(instruction, rest, images)
    return images

