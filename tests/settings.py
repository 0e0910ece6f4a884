"""The catalog's settings as the tests run them: nothing that needs preparing or only costs time."""

import atexit
import shutil
import tempfile
from pathlib import Path

from config.settings import *  # noqa: F403
from config.settings import CACHES, DATABASES, STORAGES

DATA_DIR = Path(tempfile.mkdtemp(prefix="agent-catalog-tests-"))
atexit.register(shutil.rmtree, DATA_DIR, ignore_errors=True)
SECRET_KEY = "a key for tests alone, long enough to please every check of Django"

# Static files come from their folders: nobody has run collectstatic.
STATIC_ROOT = DATA_DIR / "static"
STATIC_ROOT.mkdir()
CATALOG_REPOSITORY_DIR = DATA_DIR / "repository"
STORAGES = STORAGES | {"staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}}

# A file, not memory: tests of concurrent writers need connections of their own.
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    DATABASES["default"]["TEST"] = {"NAME": str(DATA_DIR / "test.sqlite3")}
    DATABASES["default"]["OPTIONS"]["init_command"] = (
        "PRAGMA journal_mode=WAL; PRAGMA synchronous=OFF; PRAGMA foreign_keys=ON;"
    )

# Every test empties the caches: not those that somebody's REDIS_URL names.
_MEMORY = "django.core.cache.backends.locmem.LocMemCache"
CACHES = {name: {"BACKEND": _MEMORY, "LOCATION": name, "OPTIONS": {"MAX_ENTRIES": 50_000}} for name in CACHES}

# Argon2 is slow on purpose.
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
