"""Refused cases are named all at once: a data set of hundreds of scans is mended once, not scan by scan."""

from collections.abc import Callable
from typing import TypeVar

from ..readers import Case, Refusal

Read = TypeVar("Read")


def read_or_name_all(groups: dict[str, list[Case]], read: Callable[[str, int, Case], Read]) -> dict[str, list[Read]]:
    """What `read` makes of every case (group, number from 1 on, case).

    Refusals are printed as they come and raised after the last case: a single one as it is, several as one that counts them.
    """
    found: dict[str, list[Read]] = {group: [] for group in groups}
    refused: list[Refusal] = []
    for group, cases in groups.items():
        for number, case in enumerate(cases, start=1):
            try:
                found[group].append(read(group, number, case))
            except Refusal as reason:
                refused.append(reason)
                print(reason, flush=True)
    if len(refused) > 1:
        raise Refusal(refused[0].code, f"{len(refused)} scans", "cannot be used; the reason of each is printed above. Mend them or take them out")
    if refused:
        raise refused[0]
    return found
