"""How far the time of a stream has gone while no event comes that counts, by this computer's clock."""

from __future__ import annotations


class Silence:
    """Goes on from the event that counted last: the times of refused ones are late, or not to be trusted.

    Args:
        slack_us: so late events may come. None: events alone say what time it is.
    """

    def __init__(self, slack_us: int | None) -> None:
        self._slack_us = slack_us
        self._last: tuple[int, float] | None = None

    def ended(self, t_us: int, arrived: float) -> None:
        """An event counted, whose time is t_us, and had come at `arrived` seconds of the clock."""
        self._last = t_us, arrived

    def over_us(self, moment: float) -> int | None:
        """The time before which no event can come any more, at `moment` seconds of the clock, where nothing has
        counted since; None within the slack, when it would lie before the last event."""
        if self._last is None or self._slack_us is None:
            return None
        t_us, arrived = self._last
        quiet_us = round((moment - arrived) * 1e6)
        return t_us + quiet_us - self._slack_us if quiet_us > self._slack_us else None
