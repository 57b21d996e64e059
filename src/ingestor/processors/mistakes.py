"""What is wrong with an option of `ingestor.toml`."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class OptionMistake:
    """`key` is the option's name in its table; `sentence` goes on from it: "must be a list"."""

    key: str
    sentence: str
