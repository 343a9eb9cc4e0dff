"""The checks of the event path are able to fail: each build broken on purpose is caught by the test named here."""
import pytest

from faults import test_late_writes
from faults.test_event_kills import kill_at_every_place
from faults.test_kills import quiet  # noqa: F401 a fixture
from faults.test_mutants import MUTANTS, build, copy  # noqa: F401 a fixture

CAUGHT_BY = {
    "usage-without-version": test_late_writes.late_usage,
    "counted-without-version": test_late_writes.late_user,
    "grave-after-the-removal": test_late_writes.inserter_between_grave_and_removal,
    "graves-without-asking": test_late_writes.late_removal,
    "requests-without-asking": test_late_writes.late_intent,
    "offsets-before-counting": lambda stack, program: kill_at_every_place(stack, program, ["change.read"] * 2),
}


@pytest.mark.full
@pytest.mark.timeout(400)
@pytest.mark.parametrize("mutant", CAUGHT_BY)
def test_a_mutant_is_caught(quiet, copy, mutant):  # noqa: F811
    program = build(copy, MUTANTS / f"{mutant}.patch")
    with pytest.raises(AssertionError) as caught:
        CAUGHT_BY[mutant](quiet, program)
    said = str(caught.value)
    print(mutant, "->", said[:300])
    assert "was not reached" not in said, "it was not caught, it did not run"
