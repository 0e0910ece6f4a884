"""Settings and address list of the catalog without counted downloads, for what the counting costs."""

from config.settings import *  # noqa: F403

ROOT_URLCONF = "tests.benchmarks.uncounted"


def __getattr__(name: str) -> object:
    """The address list comes when the first request asks for it: not before that can its views be imported."""
    if name != "urlpatterns":
        raise AttributeError(name)
    from catalog import downloads
    from config.urls import urlpatterns

    downloads.downloaded = lambda request, *versions: None
    return urlpatterns
