"""The Dockerfile, read into stages, and .dockerignore: as much of both as this repository uses, and no more."""
import json
import os
import re
import shlex
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


@dataclass
class Stage:
    """One FROM: the image or stage that it begins with, and its (INSTRUCTION, rest of the line) in order."""
    name: str
    base: str
    steps: list = field(default_factory=list)

    def last(self, instruction):
        found = [rest for name, rest in self.steps if name == instruction]
        return found[-1] if found else None


def stages(path=ROOT / "Dockerfile"):
    """The stages by name, in order."""
    text = re.sub(r"^\s*#.*\n", "", path.read_text(), flags=re.MULTILINE)
    text = re.sub(r"\\\n", " ", text)
    found = {}
    for line in filter(None, map(str.strip, text.splitlines())):
        instruction, rest = line.split(None, 1)
        if instruction == "FROM":
            base, name = re.fullmatch(r"(\S+) AS (\S+)", rest).groups()
            stage = found[name] = Stage(name, base)
        else:
            stage.steps.append((instruction, rest))
    return found


def lineage(all_stages, name):
    """The stage and those it begins with, the oldest first."""
    stage = all_stages.get(name)
    return lineage(all_stages, stage.base) + [stage] if stage else []


def variables(rest):
    """What ENV sets."""
    return dict(word.split("=", 1) for word in shlex.split(rest))


def words(rest):
    """A command in either form: a JSON list, or words."""
    return json.loads(rest) if rest.startswith("[") else shlex.split(rest)


def _ignored(path, patterns):
    """Docker's rule: the last pattern that fits the path, or a folder above it, decides."""
    out = False
    parts = path.split("/")
    above = ["/".join(parts[:n]) for n in range(1, len(parts) + 1)]
    for pattern in patterns:
        bare = pattern.lstrip("!").rstrip("/")
        fits = any(_fits(one, bare) for one in above)
        out = not pattern.startswith("!") if fits else out
    return out


def _fits(path, pattern):
    if pattern.startswith("**/"):
        return any(_fits(path.split("/", n)[-1], pattern[3:]) for n in range(path.count("/") + 1))
    return path.count("/") == pattern.count("/") and all(map(fnmatchcase, path.split("/"), pattern.split("/")))


def context(root=ROOT):
    """The files that .dockerignore lets into a build, as paths below root."""
    lines = (root / ".dockerignore").read_text().splitlines()
    patterns = [line for line in lines if line and not line.startswith("#")]
    for folder, folders, files in os.walk(root):
        folders[:] = [one for one in folders if not (folder == str(root) and one in (".git", "build"))]
        for file in files:
            path = os.path.relpath(os.path.join(folder, file), root)
            if not _ignored(path, patterns):
                yield path
