"""If-Match and If-None-Match of a request that writes: so that nobody overwrites what they have not seen.

Imports `errors`.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.http import HttpRequest
from django.utils.http import parse_etags

from catalog.api.errors import ApiProblem, Kind


@dataclass(frozen=True)
class Conditions:
    """The texts that the sender believes to be there, by their ETags; `*` is any."""

    match: tuple[str, ...] | None
    none_match: tuple[str, ...] | None

    @classmethod
    def of(cls, request: HttpRequest) -> Conditions:
        return cls(_etags(request, "HTTP_IF_MATCH"), _etags(request, "HTTP_IF_NONE_MATCH"))

    @property
    def seen(self) -> str | None:
        """The digest of the one text that the sender has read; None where none is named."""
        return self.match[0] if self.match and self.match != ("*",) else None

    @property
    def is_for_new(self) -> bool:
        """Whether only what is not there yet may be made."""
        return self.none_match == ("*",)

    def require(self, present: str | None) -> None:
        """Raise ApiProblem where the text of this digest (None: there is none) is not the one believed to be there."""
        if self.match is not None and (present is None or not {"*", present} & set(self.match)):
            raise self.failed(present)
        if self.none_match is not None and present is not None and {"*", present} & set(self.none_match):
            raise self.failed(present)

    def failed(self, present: str | None = None) -> ApiProblem:
        is_there = f"The present one is {present}." if present else "Read the present one first."
        return ApiProblem(
            Kind.PRECONDITION_FAILED,
            f"The text you wrote against is not the present one, so nothing was written. {is_there}",
        )


def _etags(request: HttpRequest, header: str) -> tuple[str, ...] | None:
    written = request.META.get(header)
    if written is None:
        return None
    return tuple(etag.removeprefix("W/").strip('"') for etag in parse_etags(written)) or ("",)
