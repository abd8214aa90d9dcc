"""The card's section on the maps."""

CAVEAT = ("A map shows what the network looked at. It does not show that the finding is right, and its edge is no outline. Where maps of different findings are much alike, "
          "they tell less than they seem to: every map of a few cells about a candidate has a middle and a rim.")
KINDS = (("values", "pearson"), ("ranks", "spearman"))


def explanation_section(performance: dict) -> str:  # type: ignore[type-arg]
    """Nothing where the maps were not measured."""
    said = performance.get("explanation")
    if not said or not said["maps"]:
        return ""
    maps = said["maps"]
    rows = [("peak within the lesion (95 %)", [_share(m["pointing"], said["truePositives"]) for m in maps]),
            ("probability falls more without what the map calls strongest than without as much elsewhere", [_share(m["deletion"], said["truePositives"]) for m in maps]),
            *((label, [_figure(m["probability"][name]) for m in maps]) for label, name in (
                ("mean probability (95 %)", "before"), ("without what the map calls strongest", "after"), ("without as much elsewhere", "elsewhere"))),
            *((f"correlation with the map of shuffled weights, {kind}: mean and range of {len(maps[0]['shuffled'])} shuffles",
               [_range([way[key]["mean"] for way in m["shuffled"]]) for m in maps]) for kind, key in KINDS),
            *((f"correlation with the map of another finding, {kind}", [_figure(m["otherFinding"][key]) for m in maps]) for kind, key in KINDS)]
    lines = "\n".join(f"| {label} | {' | '.join(values)} |" for label, values in rows)
    return f"""## What the map is worth
{said['truePositives']} true positives in {said['phantoms']} phantoms of unseen anatomy and appearance. {said['how']}

| | {' | '.join(m['map'] for m in maps)} |
|---|{'---|' * len(maps)}
{lines}

{CAVEAT}

"""


def _share(figure: dict, count: int) -> str:  # type: ignore[type-arg]
    low, high = figure["interval"]
    return f"{figure['share']:.2f} ({low:.2f}-{high:.2f}; {figure['count']} of {count})"


def _range(means: list[float]) -> str:
    return f"{sum(means) / len(means):.2f} ({min(means):.2f} to {max(means):.2f})"


def _figure(figure: dict) -> str:  # type: ignore[type-arg]
    low, high = figure["interval"]
    return f"{figure['mean']:.2f} ({low:.2f} to {high:.2f})"
