"""What a terminal's run does that no whole run shows at will."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator

import dagster as dg
import pytest

from pipelines.cli.terminal import resend_lost_interrupts


class Finalized:
    """Something in whose finalizer the exception falls by which Dagster tells a run to stop."""

    def __del__(self) -> None:
        raise dg.DagsterExecutionInterruptedError


@pytest.fixture
def interruptible() -> Iterator[None]:
    """A process in the background of a shell ignores interrupts from its start; this one hears them."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("interruptible")
def test_being_told_to_stop_inside_a_finalizer_is_not_lost(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(KeyboardInterrupt), resend_lost_interrupts():
        fallen = Finalized()
        del fallen
        time.sleep(10)
    assert capfd.readouterr().err == ""
