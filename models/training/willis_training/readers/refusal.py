"""Input that would train or measure something else than what was asked for is refused, by name, before any epoch runs."""

from pathlib import Path


class Refusal(Exception):
    """What is wrong with which file or case: a stable code, the place, the reason."""

    def __init__(self, code: str, place: Path | str, reason: str) -> None:
        super().__init__(f"{code}: {place} {reason}.")
        self.code = code
