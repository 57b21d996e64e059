"""The named points between two steps, by what a worker does when it comes by them.

A name is explained in `doom.py`. Each is met by one of the scenarios of `test_points.py`, and by chance in a storm.
"""

SCENARIOS: dict[str, tuple[str, ...]] = {
    "load": (
        "before claim",
        "before COMMIT of claim",
        "after COMMIT of claim",
        "after open",
        "before copy_batch",
        "after write_row",
        "after copy_batch",
        "before COMMIT of advance",
        "after COMMIT of advance",
        "before COMMIT of complete",
        "after COMMIT of complete",
    ),
    "replace": (
        "after current",
        "before COMMIT of claim_for_replacement",
        "after COMMIT of claim_for_replacement",
        "before unload",
        "after unload",
        "before COMMIT of adopt_version",
        "after COMMIT of adopt_version",
    ),
    "short of time": (
        "before COMMIT of release",
        "after COMMIT of release",
        "after send",
    ),
    "fail": (
        "before COMMIT of fail",
        "after COMMIT of fail",
        "after defer",
    ),
    "due": (
        "before COMMIT of requeue_due",
        "after COMMIT of requeue_due",
        "after send",
    ),
    "discover": (
        "before COMMIT of register",
        "after COMMIT of register",
    ),
    "dead letter": (
        "after receive",
        "before acknowledge",
        "after acknowledge",
    ),
    "move a month": (
        "before COMMIT of move_month_out_of_default",
        "after COMMIT of move_month_out_of_default",
    ),
    "reload": (
        "after start_over",
        "after unload",
        "before COMMIT of record_unloaded",
        "after COMMIT of record_unloaded",
        "after send",
    ),
    "run": (
        "after COMMIT of due_files",
        "after page",
        "after COMMIT of claim",
        "before COMMIT of complete",
    ),
}

POINTS: tuple[str, ...] = tuple(dict.fromkeys(point for points in SCENARIOS.values() for point in points))
