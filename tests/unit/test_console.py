"""What a terminal's run does that no whole run shows at will."""

from __future__ import annotations

import time

import dagster as dg
import pytest

from pipelines.cli.terminal import resend_lost_interrupts


class Finalized:
    """Something in whose finalizer the exception falls by which Dagster tells a run to stop."""

    def __del__(self) -> None:
        raise dg.DagsterExecutionInterruptedError


def test_being_told_to_stop_inside_a_finalizer_is_not_lost(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(KeyboardInterrupt), resend_lost_interrupts():
        fallen = Finalized()
        del fallen
        time.sleep(10)
    assert capfd.readouterr().err == ""
