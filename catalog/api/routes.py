"""The one table of operations, which the modules beside this one fill. Imports `access`."""

from __future__ import annotations

from functools import partial

from ninja import P, PathEx, Router

from catalog.api.access import Token

router = Router()
# A HEAD is a GET whose text is not sent, which `transport` sees to.
reading = partial(router.api_operation, ["GET", "HEAD"], tags=["Reading"])
following = partial(router.api_operation, ["GET", "HEAD"], tags=["Following"])
asking = partial(router.post, tags=["Asking"])
writing = partial(router.api_operation, tags=["Writing"], auth=Token())
drafts = partial(router.api_operation, ["GET", "HEAD"], tags=["Drafts"], auth=Token())

Name = PathEx[str, P(description="The agent's name.", example="python-backend-engineer")]
Number = PathEx[str, P(description="A version's number, or `latest`.", example="latest")]
Pinned = PathEx[str, P(description="A version's number.", example="3")]
