"""What `ingestor try --test` prints of each `[[test]]`."""

from ingestor.cli.support.terminal import counted, output, shown
from ingestor.routing.golden_test import GoldenTest
from ingestor.tryout.golden import Difference


def show_golden(test: GoldenTest, found: list[Difference]) -> None:
    console = output()
    if not found:
        console.print(f"[green]ok[/]      {shown(test.name)}", soft_wrap=True)
        return
    console.print(f"[red]failed[/]  {shown(test.name)}, at line {test.line}", soft_wrap=True)
    for each in found:
        where = each.what if each.entry is None else f"entry {each.entry}, {each.what}"
        console.print(f"        {shown(where)}", soft_wrap=True)
        console.print(f"          expected  [green]{shown(each.expected)}[/]", soft_wrap=True)
        console.print(f"          got       [red]{shown(each.got)}[/]", soft_wrap=True)


def show_golden_sum(passed: int, failed: int) -> None:
    output().print(f"{counted(passed + failed, 'test')}, {failed:,} failed")
