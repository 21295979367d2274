"""The card of an exported data set: Croissant 1.1 with its responsible-AI fields, as JSON-LD.

https://docs.mlcommons.org/croissant/docs/croissant-spec-1.1.html
https://docs.mlcommons.org/croissant/docs/croissant-rai-spec.html
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from crawler.exports.dataset.earlier import EarlierExportError, read_manifest
from crawler.present import Json
from crawler.reports import facts
from crawler.reports.model import Ask, Report, ReportError
from crawler.store.database import Connection
from crawler.store.queries.domains import KeptFilter, kept_domains
from crawler.store.queries.measures import RunRow, Totals, runs, totals

CONFORMS = ("http://mlcommons.org/croissant/1.1", "http://mlcommons.org/croissant/RAI/1.0")
MEDIA_TYPES = {
    "jsonl": "application/jsonlines",
    "parquet": "application/x-parquet",
    "warc": "application/warc",
}
STATED = ("license", "name", "description", "personal")
"""What the provider may state; the licence and the word on personal data are left out where it does not."""

_TERMS = (
    "arrayShape", "citeAs", "column", "containedIn", "equivalentProperty", "extract", "field", "fileObject",
    "fileProperty", "fileSet", "format", "includes", "isArray", "isLiveDataset", "jsonPath", "key", "md5",
    "parentField", "path", "recordSet", "references", "regex", "repeated", "replace", "samplingRate",
    "separator", "source", "subField", "transform",
)  # fmt: skip
CONTEXT: Json = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    **{term: f"cr:{term}" for term in _TERMS},
    "conformsTo": "dct:conformsTo",
    "cr": "http://mlcommons.org/croissant/",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "dct": "http://purl.org/dc/terms/",
    "description": {"@container": "@language"},
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "name": {"@container": "@language"},
    "prov": "http://www.w3.org/ns/prov#",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "sc": "https://schema.org/",
}

_FIELDS: Mapping[str, tuple[str, str]] = {
    "url": ("sc:URL", "Address of the page."),
    "domain": ("sc:Text", "Registrable domain."),
    "media_type": ("sc:Text", "Media type of the answer."),
    "bytes": ("sc:Integer", "Length of the body after decompression."),
    "body_sha256": ("sc:Text", "SHA-256 of the body after decompression."),
    "kept_at": ("sc:DateTime", "When the page was kept."),
    "crawl": ("sc:Integer", "Number of the crawl."),
    "decision": ("sc:Integer", "Number of the decision that kept the page."),
    "status": ("sc:Integer", "HTTP status."),
    "charset": ("sc:Text", "Character encoding that was found."),
    "text": ("sc:Text", "The body as text, where it is text."),
}
_MAIN_TEXT: Mapping[str, tuple[str, str]] = {
    "main_text": ("sc:Text", "Main text of the page, without navigation and footer."),
    "language": ("sc:Text", "The language of the main text, as ISO 639-1 has it, where it is sure."),
    "declared_language": ("sc:Text", "The language the page says it is in."),
}


def write(connection: Connection, ask: Ask) -> str:
    """The card of the data set in the folder that is named. Raises ReportError."""
    folder: Path | None = ask.get("dataset")
    if folder is None:
        raise ReportError("name the folder of an exported data set: --dataset DIR")
    try:
        manifest = read_manifest(folder)
    except EarlierExportError as error:
        raise ReportError(str(error)) from error
    stated = _stated(ask)
    return json.dumps(card(connection, ask, manifest, stated), indent=2, ensure_ascii=True) + "\n"


def card(connection: Connection, ask: Ask, manifest: Json, stated: Mapping[str, str]) -> Json:
    """The card as JSON-LD."""
    run = facts.run_of(connection, None)
    day = datetime.fromisoformat(manifest["kept_as_of"])
    operator = facts.section(run, "operator").get("name") or run.terms["token"]
    home = facts.section(run, "publish").get("base_url") or facts.section(run, "crawler").get("info_url")
    return {
        "@context": CONTEXT,
        "@type": "sc:Dataset",
        "conformsTo": list(CONFORMS),
        "name": stated.get("name") or f"{run.terms['token']}-{day:%Y-%m-%d}",
        "description": stated.get("description") or _description(manifest, run),
        **({"license": stated["license"]} if "license" in stated else {}),
        **({"url": home} if home else {}),
        "creator": {"@type": "sc:Organization", "name": operator, **({"url": home} if home else {})},
        "datePublished": f"{day:%Y-%m-%d}",
        "version": f"{day.year}.{day.month}.{day.day}",
        "citeAs": f"{operator}: {run.terms['token']} data set of {day:%Y-%m-%d}",
        "isLiveDataset": False,
        **_responsible(connection, replace(ask, now=day), run, stated),
        **_provenance(connection, run, operator),
        "distribution": list(_files(manifest)),
        "recordSet": list(_records(manifest)),
    }


def _stated(ask: Ask) -> Mapping[str, str]:
    given: Mapping[str, str] = ask.get("stated") or {}
    if unknown := sorted(set(given) - set(STATED)):
        raise ReportError(f"nothing to be stated under {unknown[0]!r}; known: {', '.join(STATED)}")
    return given


def _description(manifest: Json, run: RunRow) -> str:
    return (
        f"{manifest['documents']} documents ({manifest['bytes']} bytes) crawled by {run.terms['token']} for "
        f"these uses: {facts.uses(run)}. Only documents of which nothing machine-readable reserved these "
        "uses, refused access, or was listed by a court or authority, as far as the crawler looks. Every "
        "document names the decision that kept it."
    )


def _responsible(connection: Connection, ask: Ask, run: RunRow, stated: Mapping[str, str]) -> Json:
    count = totals(connection)
    kept = list(kept_domains(connection, KeptFilter(upto=ask.as_of, at=ask.now)))
    found: Json = {
        "rai:dataCollection": " ".join(
            (*facts.robots_rules(run), *facts.access_rules(), *facts.list_rules(ask.config, run))
        ),
        "rai:dataCollectionType": ["Web Crawling"],
        "rai:dataCollectionMissingData": _missing(count),
        "rai:dataPreprocessingProtocol": [
            "Bodies are stored as received and exported after decompression; nothing is filtered by content."
        ],
        "rai:dataLimitations": (
            "Sites that reserve their rights are missing, and with them whole kinds of publishers; what is "
            "left is no sample of the web."
        ),
        "rai:dataReleaseMaintenancePlan": " ".join(facts.later_rules()),
    }
    if kept:
        times = (min(row.first for row in kept), max(row.last for row in kept))
        found["rai:dataCollectionTimeframe"] = [f"{time:%Y-%m-%dT%H:%M:%S}" for time in times]
    if "personal" in stated:
        found["rai:personalSensitiveInformation"] = stated["personal"]
    return found


def _missing(count: Totals) -> str:
    said = sorted(
        (
            (number, code)
            for (verdict, code), number in count.reasons.items()
            if verdict == "exclude" and code.partition(".")[0] not in facts.NOT_SAID
        ),
        key=lambda pair: (-pair[0], pair[1]),
    )
    reasons = ", ".join(f"{code} {number}" for number, code in said)
    return f"Pages left out, by the most decisive reason: {reasons or 'none'}."


def _provenance(connection: Connection, run: RunRow, operator: str) -> Json:
    return {
        "prov:wasAttributedTo": {"@type": "prov:Agent", "prov:label": f"{operator}, {run.user_agent}"},
        "prov:wasGeneratedBy": [
            {
                "@type": "prov:Activity",
                "prov:type": "Web Crawling",
                "prov:label": f"crawl {one.id}, terms {one.policy}",
                "prov:startedAtTime": f"{one.started_at:%Y-%m-%dT%H:%M:%SZ}",
                **({"prov:endedAtTime": f"{one.ended_at:%Y-%m-%dT%H:%M:%SZ}"} if one.ended_at else {}),
            }
            for one in runs(connection)
        ],
    }


def _files(manifest: Json) -> Iterator[Json]:
    for file in manifest["files"]:
        yield {
            "@type": "cr:FileObject",
            "@id": file["name"],
            "name": file["name"],
            "contentUrl": file["name"],
            "contentSize": f"{file['bytes']} B",
            "encodingFormat": MEDIA_TYPES[manifest["format"]],
            "sha256": file["sha256"],
        }


def _records(manifest: Json) -> Iterator[Json]:
    """A record set for each file, whose columns are those of the format; WARC files have none."""
    if manifest["format"] == "warc":
        return
    columns = {**_FIELDS, **(_MAIN_TEXT if manifest.get("main_text") else {})}
    for number, file in enumerate(manifest["files"]):
        name = f"documents-{number:05d}"
        yield {
            "@type": "cr:RecordSet",
            "@id": name,
            "name": name,
            "description": f"The documents of {file['name']}.",
            "key": {"@id": f"{name}/decision"},
            "field": [
                {
                    "@type": "cr:Field",
                    "@id": f"{name}/{column}",
                    "name": column,
                    "description": description,
                    "dataType": kind,
                    "source": {"fileObject": {"@id": file["name"]}, "extract": {"column": column}},
                }
                for column, (kind, description) in columns.items()
            ],
        }


REPORT = Report(
    name="croissant",
    help="""The card of an exported data set: Croissant 1.1 with responsible-AI fields.

    Licence and personal data are named only where the provider states them (TOML: `license = "..."`,
    `personal = "..."`; also `name`, `description`).

    \b
    Examples:
      forbear report croissant --dataset dataset -o dataset/croissant.json
      forbear report croissant --dataset dataset --stated stated.toml -o dataset/croissant.json
    """,
    options=("dataset", "stated"),
    formats=("json",),
    write=write,
)
