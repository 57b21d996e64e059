"""Types of options that take an amount: an interval, a number. Each refusal says what must be, with an example."""

import math
import re

import click

_UNITS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}


class Interval(click.ParamType[float]):
    name = "interval"

    def __init__(self, *, may_be_zero: bool = False) -> None:
        self._may_be_zero = may_be_zero

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> float:
        if isinstance(value, float):
            return value
        found = re.fullmatch(r"(\d+)([smhd])", str(value))
        if found is None or (int(found[1]) == 0 and not self._may_be_zero):
            self.fail(f"{value!r} is not an interval such as 30s, 5m or 1h", param, ctx)
        return float(int(found[1]) * _UNITS[found[2]])


class WholeNumber(click.ParamType[int]):
    name = "number"

    def __init__(self, lowest: int, highest: int, *, example: int) -> None:
        self._allowed = range(lowest, highest + 1)
        self._example = example

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> int:
        try:
            number = int(str(value))
        except ValueError:
            number = None
        if number is None or number not in self._allowed:
            self.fail(
                f"{str(value)!r} is not a whole number from {self._allowed[0]:,} to {self._allowed[-1]:,}, such as "
                f"{self._example}",
                param,
                ctx,
            )
        return number


class NumberFrom(click.ParamType[float]):
    name = "number"

    def __init__(self, lowest: float, *, example: float) -> None:
        self._lowest = lowest
        self._example = example

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> float:
        try:
            number = float(str(value))
        except ValueError:
            number = None
        if number is None or not self._lowest <= number < math.inf:
            self.fail(
                f"{str(value)!r} is not a number of at least {self._lowest:g}, such as {self._example:g}",
                param,
                ctx,
            )
        return number
