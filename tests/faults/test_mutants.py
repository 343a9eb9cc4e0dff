"""The checks of test_kills.py are able to fail: each build broken on purpose is caught by them.

A mutant is a patch of consumer/; it is applied to a copy of the tree, built with failpoints, killed where that
mutation hurts, and then must not pass assert_whole.
"""
import pathlib
import shutil
import subprocess

import pytest

from faults.consumer import Consumer, assert_whole
from faults.test_kills import quiet  # noqa: F401 a fixture
from support.stack import ROOT
from support.waiting import wait_until

MUTANTS = pathlib.Path(__file__).parent / "mutants"
CHUNKS = {"APP_CHUNK_USERS": "1000", "APP_BATCH_USERS": "250"}
# Where a death shows the mutation.
PLACES = {"count-what-was-inserted": "insert.after", "count-before-the-write": "insert.before",
          "random-id": "insert.after", "count-without-asking": "count.intent",
          "commit-before-the-write": "trigger.read"}


@pytest.fixture(scope="module")
def copy(tmp_path_factory):
    """A copy of what the consumer is built from, with what is built already: only the patched files are compiled."""
    tree = tmp_path_factory.mktemp("mutant")
    for name in ("lib", "consumer", "fcgi", "bench"):
        shutil.copytree(ROOT / name, tree / name, copy_function=shutil.copy2)
    shutil.copy2(ROOT / "Makefile", tree)
    shutil.copytree(ROOT / "build" / "faults", tree / "build" / "faults", copy_function=shutil.copy2)
    return tree


def build(tree, patch):
    def run(*words):
        done = subprocess.run(words, cwd=tree, capture_output=True, text=True, timeout=300)
        assert done.returncode == 0, done.stdout + done.stderr
    run("patch", "-p1", "-i", str(patch))
    try:
        run("make", "VARIANT=faults", "build/faults/headcount-consumer")
        shutil.copytree(tree / "build" / "faults", tree / patch.stem, ignore=shutil.ignore_patterns("*.o", "*.d"))
    finally:
        run("patch", "-R", "-p1", "-i", str(patch))
    return tree / patch.stem


def test_every_mutant_has_its_place():
    """… and fits the code as it is."""
    from faults.test_event_mutants import CAUGHT_BY

    assert {patch.stem for patch in MUTANTS.glob("*.patch")} == set(PLACES) | set(CAUGHT_BY)
    for patch in MUTANTS.glob("*.patch"):
        done = subprocess.run(["patch", "--dry-run", "-s", "-p1", "-i", str(patch)], cwd=ROOT, capture_output=True,
                              text=True, timeout=30)
        assert done.returncode == 0, f"{patch.name} has to be made anew: {done.stdout}"


@pytest.mark.full
@pytest.mark.timeout(300)
@pytest.mark.parametrize("mutant", sorted(set(PLACES) - {"commit-before-the-write"}))
def test_a_mutant_is_caught(quiet, copy, mutant):  # noqa: F811
    program = build(copy, MUTANTS / f"{mutant}.patch")
    job = quiet.generate(10_000)
    with Consumer(quiet, program, {**CHUNKS, "HC_FAIL": f"{PLACES[mutant]}:2"}) as dying:
        dying.wait_killed(60)
    with Consumer(quiet, program, CHUNKS):
        quiet.wait_job(job, 60)
        # Messages of finished chunks come again, as they would after a lost commit.
        for chunk in range(10):
            quiet.kafka.send("user.create.bulk", f'{{"v":1,"job":"{job["id"]}","chunk":{chunk}}}')
        quiet.idle()
        with pytest.raises(AssertionError):
            assert_whole(quiet, job)


@pytest.mark.full
@pytest.mark.timeout(300)
def test_an_offset_before_its_effect_is_caught(quiet, copy):  # noqa: F811
    """A trigger whose offset is committed before its job stands is lost by a death in between."""
    program = build(copy, MUTANTS / "commit-before-the-write.patch")
    with Consumer(quiet, program, {**CHUNKS, "HC_FAIL": "trigger.read:1"}) as dying:
        quiet.kafka.send("user.create.bulk.randomusers", '{"totalUserCreate":"3000","message":"m","createAt":1}')
        dying.wait_killed(30)
    with Consumer(quiet, program, CHUNKS), pytest.raises((AssertionError, TimeoutError)):
        wait_until(lambda: quiet.http.get("/v1/jobs").result, 20)
