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
    def names_one(self) -> bool:
        """Whether the sender says over which text to write, be it any."""
        return self.match is not None

    def require(self, present: str | None) -> None:
        """Raise ApiProblem where the text of this digest (None: there is none) is not the one believed to be there."""
        if self.match is not None and (present is None or not {"*", present} & set(self.match)):
            raise self.failed(present)
        if self.none_match is not None and present is not None and {"*", present} & set(self.none_match):
            raise self.exists(present)

    def failed(self, present: str | None = None) -> ApiProblem:
        """The text is not the one that If-Match names."""
        if present is None and self.match == ("*",):
            sentence = "There is no text to write over. Leave out If-Match to make one."
        else:
            is_now = f"The present one is {present}. " if present else ""
            sentence = (
                f"The present text is not the one that If-Match names. {is_now}Read it, take over what is missing, and "
                'send its digest in quotes ("sha256:…", the ETag of the file).'
            )
        return ApiProblem(Kind.PRECONDITION_FAILED, f"{sentence} Nothing was written.")

    def exists(self, present: str) -> ApiProblem:
        """There is a text, and If-None-Match asks for none, or for another."""
        return ApiProblem(
            Kind.PRECONDITION_FAILED,
            f"There is a text already, {present}. Leave out If-None-Match to write over it. Nothing was written.",
        )


def _etags(request: HttpRequest, header: str) -> tuple[str, ...] | None:
    """What the header names. If-Match compares strongly (RFC 9110 13.1.1): a weak ETag, as it stands, is nobody's."""
    written = request.META.get(header)
    if written is None:
        return None
    etags = parse_etags(written)
    if header == "HTTP_IF_NONE_MATCH":
        etags = [etag.removeprefix("W/") for etag in etags]
    return tuple(etag.strip('"') if not etag.startswith("W/") else etag for etag in etags) or ("",)
