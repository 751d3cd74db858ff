"""The search that proves it: every file of the workspace but the base models."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from chatstylebot.corpus import traces
from chatstylebot.forgetting import begun as begins
from chatstylebot.forgetting import places
from chatstylebot.forgetting.begun import Search
from chatstylebot.forgetting.plan import Plan


@dataclass(frozen=True)
class Proof:
    """What the search found: by us, in files of the user's own, and what could not be searched, and why."""

    pieces: int
    searched: int
    left: Mapping[Path, int]
    yours: Sequence[Path]
    unreadable: Mapping[Path, str]


def prove(plan: Plan) -> Proof:
    """Search every file of the workspace but the base models for what only they wrote, and for their ids.

    What to look for is forgotten, too, when nothing of it is left. Raises OSError.
    """
    own = plan.workspace
    pending = begins.read(own) or [plan.begun]
    whole = Search()
    for one in pending:
        whole = whole + one.search
    whole = whole.without(traces.known(whole.all, places.innocent(own)))
    outside = [
        path for path in [*places.written(own, plan.index), *places.reports(own)] if own.folder not in path.parents
    ]
    paths = dict.fromkeys(
        [*traces.files(own.folder, lambda path: places.skipped(own, path)), *filter(Path.is_file, outside)]
    )
    found = traces.search(paths, whole.all)
    hits = {path: there for path, pieces in found.hits.items() if (there := pieces & whole.for_(own, path))}
    ours = {path: there for path, there in hits.items() if path in outside or places.ours(own, path, plan.index)}
    left = {piece for there in ours.values() for piece in there}
    still = [one for one in pending if found.unreadable or one.search.all & left]
    begins.write(own, still)
    yours = sorted(set(hits) - set(ours))
    return Proof(len(whole.all), found.searched, {p: len(t) for p, t in ours.items()}, yours, found.unreadable)
