"""Waiting for something to come true, with a limit."""
import time


def wait_until(check, seconds=10, what=None, every=0.05):
    """Returns check()'s first true value; fails with its last one after `seconds`.

    `check` may raise AssertionError, which counts as "not yet" and is shown if the time runs out.
    """
    end = time.monotonic() + seconds
    while True:
        why = None
        try:
            value = check()
            if value:
                return value
        except AssertionError as error:
            value, why = None, error
        if time.monotonic() > end:
            raise AssertionError(f"not within {seconds} s: {what or why or f'last value {value!r}'}") from why
        time.sleep(every)
