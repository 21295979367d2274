"""The API in words, and what we do and do not manage for everybody."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from crawler.web.site import site_of

ROUTER = APIRouter(include_in_schema=False)


@ROUTER.get("/api")
def api(request: Request) -> Response:
    """How to ask by machine: made from the same description as /openapi.json."""
    described = request.app.openapi()
    rows = [
        (
            method.upper(),
            path,
            operation["summary"],
            operation.get("description", ""),
            [*operation.get("parameters", []), *_fields(described, operation)],
        )
        for path, methods in described["paths"].items()
        for method, operation in methods.items()
    ]
    return site_of(request).page(request, "api.html", current="", public=True, rows=rows)


def _fields(described: dict[str, Any], operation: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The members of a JSON body, in the shape of parameters."""
    content = operation.get("requestBody", {}).get("content", {})
    name = content.get("application/json", {}).get("schema", {}).get("$ref", "").rpartition("/")[2]
    for field, schema in described["components"]["schemas"].get(name, {}).get("properties", {}).items():
        yield {"name": field, "in": "body", "schema": schema}


@ROUTER.get("/accessibility")
def accessibility(request: Request) -> Response:
    """What works for whom, and whom to tell if it does not."""
    return site_of(request).page(request, "accessibility.html", current="", public=True)
