"""The page of `report crawl`: the look of the register, with the style inside and nothing from elsewhere."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from importlib.resources import files

from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from crawler.reports import facts
from crawler.reports.figures import FEWEST, KEPT, Figures, Key
from crawler.reports.model import Ask
from crawler.web.charts import columns, nice, steps
from crawler.web.hostile import hostile, plain
from crawler.web.language import Language, language
from crawler.words import in_words

SMALL = 5
"""Reasons that get a chart of their own."""
BANDS = 12
"""Rows of the table under the chart of the pace."""
SMALL_BANDS = 5
"""Columns of the table under the small charts: more would not fit on paper."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Small:
    """One of several small charts on one scale."""

    name: str
    total: int
    chart: Markup
    bands: tuple[int, ...]


def page(found: Figures, ask: Ask, digest: str) -> str:
    """The whole file."""
    speech = language("en")
    css = style()
    smalls = tuple(_smalls(found))
    return (
        _templates()
        .get_template("crawl.html")
        .render(
            f=found,
            L=speech,
            css=Markup(css),  # noqa: S704 - our own style sheet
            css_hash=b64encode(sha256(css.encode()).digest()).decode(),
            answer=_answer(found, speech),
            period=_period(found, speech),
            pace_chart=_pace_chart(found, speech),
            pace=tuple(zip(_band_names(found, BANDS), _bands(found.pace, BANDS), strict=True)),
            smalls=smalls,
            small_names=_band_names(found, SMALL_BANDS),
            scale=_scale(found),
            domains=[(one, in_words(one.reason)) for one in found.domains],
            left_out=[(code, in_words(code), n) for code, n in found.reasons("exclude")],
            waiting=[(code, in_words(code), n) for code, n in found.reasons("defer")],
            operator=facts.section(found.run, "operator").get("name") or "",
            uses=facts.uses(found.run),
            profile=facts.PROFILES[found.run.terms["profile"]],
            digest=digest,
            now=ask.now,
            as_of=ask.as_of,
            software=ask.software.replace("/", " "),
            command=f"forbear report crawl {found.run.id} -o report.html",
        )
    )


def style() -> str:
    """The style sheet, as it stands between the tags: its hash is in the policy of the page."""
    return files("crawler.web").joinpath("static", "forbear.css").read_text("utf-8")


@cache
def _templates() -> Environment:
    environment = Environment(
        loader=ChoiceLoader([PackageLoader("crawler.reports"), PackageLoader("crawler.web")]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["hostile"] = hostile
    environment.filters["plain"] = plain
    return environment


def _answer(found: Figures, speech: Language) -> Markup:
    """The sentence a manager reads: how much, what became of it, and why."""
    if not found.decisions or found.span is None:
        return speech.say("%(bot)s has decided nothing in this crawl yet.", bot=found.bot)
    parts = [
        speech.say(
            "%(bot)s decided %(n)s of %(d)s.",
            bot=found.bot,
            n=_many(found.decisions, "page", speech),
            d=_many(found.span.domains, "domain", speech),
        ),
        speech.say(
            "It <strong>kept %(kept)s</strong> and <strong>left out %(share)s</strong>%(why)s.",
            kept=speech.number(found.verdict("keep")),
            share=speech.percent(found.verdict("exclude"), found.decisions),
            why=_why(found),
        ),
    ]
    if found.without_evidence:
        parts.append(
            speech.say("%(n)s kept pages have no evidence.", n=speech.number(found.without_evidence))
        )
    elif found.verdict("keep"):
        parts.append(speech.say("Every page kept has its evidence."))
    if found.run.command.startswith("forbear recheck"):
        parts.append(speech.say("It looked again at pages that were kept before, and kept none anew."))
    return Markup(" ").join(parts)


def _period(found: Figures, speech: Language) -> Markup:
    if found.span is None:
        return Markup("")
    first, last = found.span.first, found.span.last
    if first.date() == last.date():
        return Markup(", ") + speech.day(first)
    return speech.say(", %(first)s to %(last)s", first=speech.day(first), last=speech.day(last))


def _why(found: Figures) -> str:
    code = found.main_reason
    if not code:
        return ""
    most = 2 * dict(found.reasons("exclude"))[code] > found.verdict("exclude")
    return f", most {'of them' if most else 'often'} because {in_words(code)}"


def _many(number: int, noun: str, speech: Language) -> str:
    words = f"{number / 1e6:.2f} million" if number >= 1_000_000 else speech.number(number)
    return f"{words} {noun}" if number == 1 else f"{words} {noun}s"


def _pace_chart(found: Figures, speech: Language) -> Markup | None:
    pace = found.pace
    if len(pace) < FEWEST:
        return None
    labels = [f"{found.times[i]:{found.step.clock}}" for i in (0, len(pace) // 2, -1)]
    least, most = speech.number(min(pace)), speech.number(max(pace))
    return steps(
        pace,
        unit=found.step.each,
        title=f"Pages decided {found.step.each}",
        description=f"From {least} to {most} {found.step.each}; the table below has the same numbers.",
        labels=labels,
        speech=speech,
    )


def _chosen(found: Figures) -> Iterator[Key]:
    said = [
        key for key in found.series if key[0] == "exclude" and key[1].partition(".")[0] not in facts.NOT_SAID
    ]
    yield from said[:SMALL]
    if KEPT in found.series:
        yield KEPT


def _scale(found: Figures) -> int:
    return nice(max((n for key in _chosen(found) for n in found.series[key]), default=1))


def _smalls(found: Figures) -> Iterator[Small]:
    if len(found.times) < FEWEST:
        return
    top = _scale(found)
    ends = (f"{found.times[0]:{found.step.clock}}", f"{found.times[-1]:{found.step.clock}}")
    for key in _chosen(found):
        values = found.series[key]
        name = "Kept" if key == KEPT else in_words(key[1])
        chart = columns(
            values,
            top,
            "taken" if key == KEPT else "out",
            title=plain(name),
            description=(
                f"Pages {found.step.each}, {ends[0]} to {ends[1]}, from {min(values)} to {max(values)}, "
                "the same scale in all."
            ),
            labels=ends,
        )
        yield Small(name=name, total=sum(values), chart=chart, bands=_bands(values, SMALL_BANDS))


def _bands(values: tuple[int, ...], most: int) -> tuple[int, ...]:
    """The values, summed up to at most so many numbers for a table."""
    width = _width(len(values), most)
    return tuple(sum(values[i : i + width]) for i in range(0, len(values), width))


def _band_names(found: Figures, most: int) -> tuple[str, ...]:
    width = _width(len(found.times), most)
    return tuple(f"{found.times[i]:{found.step.clock}}" for i in range(0, len(found.times), width))


def _width(number: int, most: int) -> int:
    return max(1, -(-number // most))
