"""Detection by the artery an aneurysm lies on: rows of a manifest, and the table of a card."""

from collections import Counter
from collections.abc import Iterable, Mapping

from .metrics import wilson

Row = dict[str, object]


def site_rows(sacs: Iterable[tuple[str, bool]]) -> list[Row]:
    """Of each aneurysm its site and whether it was found; the most frequent sites first, and none for aneurysms whose site nobody told."""
    told = [(site, found) for site, found in sacs if site]
    found = Counter(site for site, hit in told if hit)
    return [{"site": site, "aneurysms": count, "detected": found[site]} for site, count in Counter(site for site, _ in told).most_common()]


def site_table(performance: Mapping) -> str:  # type: ignore[type-arg]
    """The card's table; nothing where no site is known."""
    rows = performance.get("bySite")
    if not rows:
        return ""
    lines = "\n".join(f"| {r['site']} | {r['aneurysms']} | {r['detected']} | {_share(r['detected'], r['aneurysms'])} |" for r in rows)
    return f"""
| artery, aneurysms of 3 mm and more | aneurysms | found | sensitivity (95 %) |
|---|---|---|---|
{lines}
"""


def _share(found: int, count: int) -> str:
    low, high = wilson(found, count)
    return f"{found / count:.2f} ({low:.2f}-{high:.2f})"
