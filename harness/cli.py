"""The command `weldcheck`.

Exit status: 0 nothing new, 1 new findings, 2 the job could not be done, 130 interrupted.
"""

from __future__ import annotations

import os
import secrets
import sys
import traceback
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec
from rich.console import Console
from rich.table import Table
from rich.text import Text

from harness.adapters.discover import UnknownLinker, discover, find
from harness.adapters.releases import InstallError, install, installed_version
from harness.config import Config, ConfigError, find_config
from harness.lanes import LANES, WELL_FORMED
from harness.running import MEBIBYTE, Limits
from harness.text import readable

if TYPE_CHECKING:
    from harness.adapters.base import Linker
    from harness.engine import FuzzPlan
    from harness.events import Event
    from harness.totals import Totals

NOTHING_NEW, FOUND, FAILED, INTERRUPTED = 0, 1, 2, 130
_DEFAULT_MINUTES = 1.0


class Failure(click.ClickException):
    """The job could not be done."""

    exit_code = FAILED


class _Commands(click.Group):
    """A group whose commands end with their own status when they are interrupted."""

    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            raise SystemExit(INTERRUPTED) from None
        except (click.ClickException, click.exceptions.Exit, click.Abort, BrokenPipeError):
            raise
        except OSError as problem:
            raise Failure(str(problem)) from problem
        except Exception as problem:
            raise Failure(_internal_error(problem)) from problem


def _internal_error(problem: Exception) -> str:
    """What to say of an error that nobody foresaw: what, and where in the code."""
    frame = traceback.extract_tb(problem.__traceback__)[-1]
    what = "".join(traceback.format_exception_only(problem)).strip()
    return f"this is a bug of weldcheck: {what}\n  {frame.filename}:{frame.lineno}, {frame.name}"


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="weldcheck")
def main() -> None:
    """Conformance and differential fuzzing of WebAssembly static linkers."""


def _config() -> Config:
    try:
        return find_config(Path.cwd())
    except ConfigError as problem:
        raise Failure(str(problem)) from problem


def _limits(config: Config) -> Limits:
    return Limits(seconds=config.timeout, memory=config.memory * MEBIBYTE)


def default_linkers() -> list[str]:
    """What is compared when nobody says: all that comes with the package."""
    names = ["reference", "lld-22"]
    version = installed_version()
    return [*names, f"zig-{version}"] if version else names


def _linkers(names: Sequence[str], config: Config) -> tuple[Linker, ...]:
    """The linkers of those names, or the configured or usual ones; each works."""
    from harness.adapters.smoke import smoke

    wanted = list(dict.fromkeys(names or config.linkers or default_linkers()))
    own: Mapping[str, Linker] = config.own_linkers()
    try:
        linkers = tuple(find(name, own) for name in wanted)
    except UnknownLinker as problem:
        raise Failure(str(problem)) from problem
    broken = {name: text for name, text in smoke(linkers).items() if text}
    if broken:
        what = "\n".join(f"  {name}: {text}" for name, text in broken.items())
        raise Failure(f"these linkers do not link a tiny case, and are not believed:\n{what}")
    return linkers


@main.command()
@click.option("--linker", "names", multiple=True, metavar="NAME", help="May be repeated.")
@click.option("--cases", type=click.IntRange(min=1), help="Stop after that many cases.")
@click.option("--minutes", type=click.FloatRange(min=0, min_open=True), help="Stop after that.")
@click.option("--seed", type=int, help="The same seed makes the same cases.")
@click.option(
    "--lane",
    type=click.Choice(LANES),
    default=WELL_FORMED,
    show_default=True,
    help="Make programs of any shape, C and C++ sources that zig cc compiles, or files and command"
    " lines damaged on purpose.",
)
@click.option("--workers", type=click.IntRange(min=1), help="Processes; default: one a core.")
@click.option("--json", "as_json", is_flag=True, help="Write the events as NDJSON.")
@click.option("--findings", type=click.Path(path_type=Path, file_okay=False), help="Folder.")
@click.option(
    "--shrink-seconds", type=click.FloatRange(min=0), help="Time for minimising one finding."
)
def fuzz(
    names: tuple[str, ...],
    cases: int | None,
    minutes: float | None,
    seed: int | None,
    lane: str,
    workers: int | None,
    as_json: bool,
    findings: Path | None,
    shrink_seconds: float | None,
) -> None:
    """Make cases, link them with every linker, judge, minimise and store what differs."""
    from harness.engine import FuzzPlan
    from harness.generation import LaneMissing, promised_features, strategy_for

    config = _config()
    if cases is None and minutes is None:
        cases, minutes = config.cases, config.minutes
        if cases is None and minutes is None:
            minutes = _DEFAULT_MINUTES
    if seed is None:
        seed = secrets.randbits(32) if config.seed is None else config.seed
    linkers = _linkers(names, config)
    try:
        strategy = strategy_for(linkers, lane)
    except LaneMissing as problem:
        raise Failure(str(problem)) from problem
    plan = FuzzPlan(
        linkers=linkers,
        lane=lane,
        strategy=strategy,
        seed=seed,
        findings=findings or Path(config.findings),
        cases=cases,
        seconds=None if minutes is None else minutes * 60,
        workers=workers or config.workers or len(os.sched_getaffinity(0)),
        limits=_limits(config),
        shrink_seconds=shrink_seconds,
    )
    raise SystemExit(run_fuzz(plan, as_json, promised_features(lane)))


def run_fuzz(plan: FuzzPlan, as_json: bool, promised: frozenset[str]) -> int:
    """Runs a plan, shows its events, and returns the exit status.

    `promised` are the features that a long run has.
    """
    from harness.engine import fuzz as fuzz_events
    from harness.events import StreamWriter
    from harness.terminal import Terminal, print_summary
    from harness.totals import Totals

    totals = Totals()
    if as_json:
        _consume(fuzz_events(plan), [totals.handle, StreamWriter(sys.stdout.buffer).handle])
    else:
        console = Console()
        with Terminal(console) as terminal:
            _consume(fuzz_events(plan), [totals.handle, terminal.handle])
        print_summary(console, totals, promised)
    return exit_status(totals)


def _consume(events: Iterable[Event], handlers: Sequence[Callable[[Event], None]]) -> None:
    for event in events:
        for handle in handlers:
            handle(event)


def exit_status(totals: Totals) -> int:
    """The exit status of a run; one without footer was no run."""
    footer = totals.footer
    if footer is None or footer.outcome == "failed":
        return FAILED
    if footer.outcome == "interrupted":
        return INTERRUPTED
    if footer.findings:
        return FOUND
    # A run in which the harness itself failed is not a clean one.
    return FAILED if footer.troubles or not footer.cases else NOTHING_NEW


@main.command(
    context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False},
)
@click.option("--linker", "names", multiple=True, metavar="NAME", help="May be repeated.")
@click.option("--json", "as_json", is_flag=True, help="Write the result as JSON.")
@click.argument("words", nargs=-1, type=click.UNPROCESSED, metavar="FILE... [-- FLAGS]")
def check(names: tuple[str, ...], as_json: bool, words: tuple[str, ...]) -> None:
    """Judge the linkers on your own objects and archives.

    Name the files, and flags of wasm-ld after `--`; or a whole command line that begins with
    wasm-ld, as `zig build-exe --verbose-link` prints it; or an archive of --reproduce.
    """
    from harness import check as checking
    from harness.gather import CannotGather, gather

    config = _config()
    try:
        case = gather(words, Path.cwd())
    except CannotGather as problem:
        raise Failure(str(problem)) from problem
    checked = checking.check(case, _linkers(names, config), _limits(config))
    if as_json:
        click.echo(msgspec.json.encode(checking.as_json(checked)))
    else:
        checking.print_checked(Console(), checked)
    raise SystemExit(FOUND if checked.verdict.divergences else NOTHING_NEW)


@main.command()
@click.argument("first", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.argument("second", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def diff(first: Path, second: Path) -> None:
    """Compare two modules piece by piece. Exit status 1 if they differ."""
    from harness.compare import compare_modules, render
    from linker.format.errors import MalformedFile

    try:
        comparison = compare_modules(first.read_bytes(), second.read_bytes(), ())
    except MalformedFile as problem:
        raise Failure(str(problem)) from problem
    click.echo(readable(render(comparison)))
    raise SystemExit(NOTHING_NEW if comparison.is_same else FOUND)


@main.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def dump(file: Path) -> None:
    """Say what an object, an archive or a module says, symbols and relocations resolved."""
    from harness.dump import print_file
    from linker.format.errors import MalformedFile

    try:
        print_file(Console(), file.read_bytes(), str(file))
    except MalformedFile as problem:
        raise Failure(str(problem)) from problem


@main.group(invoke_without_command=True)
@click.pass_context
def linkers(context: click.Context) -> None:
    """Which linkers and validators are found here, and whether they work."""
    if context.invoked_subcommand is None:
        _print_linkers(_config())


@linkers.command()
@click.argument("requirement", metavar="ziglang==VERSION")
def add(requirement: str) -> None:
    """Install another release of ziglang into your cache: its wasm-ld and Zig's own linker."""
    try:
        folder = install(requirement)
    except InstallError as problem:
        raise Failure(str(problem)) from problem
    click.echo(f"{requirement} is in {folder}")
    from harness.adapters.discover import of_zig

    for linker in of_zig(folder / "ziglang" / "zig"):
        click.echo(f"{linker.name}: {linker.version}")


def _print_linkers(config: Config) -> None:
    from harness.adapters.smoke import smoke
    from harness.execution import find_wasm_validate

    found: dict[str, Linker] = {**discover(), **config.own_linkers()}
    problems = smoke(list(found.values()))
    table = Table("linker", "version", "kind", "links a tiny case")
    for name, linker in found.items():
        problem = problems[name]
        table.add_row(
            name, linker.version, linker.kind, Text(problem or "yes", "red" if problem else "green")
        )
    console = Console()
    console.print(table)
    wabt = find_wasm_validate()
    console.print(
        f"wasm-validate: {wabt}"
        if wabt
        else "wasm-validate: not here (Debian's package wabt); modules are validated by wasmtime",
        highlight=False,
    )
    console.print(
        "other releases: weldcheck linkers add ziglang==0.13.0, or Debian's packages lld-NN",
        highlight=False,
    )


if __name__ == "__main__":
    main()
