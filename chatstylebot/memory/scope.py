"""Of whose talk somebody may be told."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Scope:
    """What may be found: all of it (the owner asks), or `chats` whole, and in other groups the passages in which one of
    `speakers` spoke. `before`: only what was over by then, in milliseconds since 1970."""

    everything: bool = False
    chats: tuple[str, ...] = ()
    speakers: tuple[str, ...] = ()
    before: int | None = None

    def sql(self) -> tuple[str, list[object]]:
        """A condition on the table `passages`, and its values."""
        parts: list[str] = []
        values: list[object] = []
        if not self.everything:
            chats, speakers = ",".join("?" * len(self.chats)), ",".join("?" * len(self.speakers))
            heard = f"select number from speaking where speaker in ({speakers})"
            parts.append(f"(passages.chat in ({chats}) or (passages.grouped and passages.number in ({heard})))")
            values += [*self.chats, *self.speakers]
        if self.before is not None:
            parts.append("passages.last < ?")
            values.append(self.before)
        return " and ".join(parts) or "1", values


OWNER = Scope(everything=True)
