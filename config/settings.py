"""Every setting of the catalog. The environment is read here and nowhere else.

Closed by default: without configuration the catalog answers on loopback only, debugging is off, and
a production start without a secret key is refused (`catalog/system_checks.py`, `config/wsgi.py`).
"""

from ipaddress import ip_address
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from csp.constants import NONE, SELF
from environs import Env, EnvError

env = Env()
BASE_DIR = Path(__file__).resolve().parent.parent

# Where everything lives that is not code: the SQLite file, the secret key, collected static files.
DATA_DIR = Path(env.str("CATALOG_DATA_DIR", "") or BASE_DIR / "var").expanduser().resolve()
SECRET_KEY_FILE = DATA_DIR / "secret-key"

# Every address printed for others is built from this, never from the Host header of a request.
CATALOG_BASE_URL = (env.str("CATALOG_BASE_URL", "") or "http://127.0.0.1:8000").rstrip("/")
_base = urlsplit(CATALOG_BASE_URL)
_base_host = _base.hostname or "127.0.0.1"
HTTPS = _base.scheme == "https"


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


LOOPBACK = _is_loopback(_base_host)

DEBUG = env.bool("DEBUG", False)


def _secret_key() -> str:
    """The configured key, or the one `quickstart` made, or "" (commands run, serving is refused)."""
    if key := env.str("SECRET_KEY", ""):
        return key
    try:
        return SECRET_KEY_FILE.read_text(encoding="ascii").strip()
    except OSError:
        return ""


SECRET_KEY = _secret_key()
# Loopback is always among the defaults, so that a health check on the machine itself is answered.
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", None) or sorted(
    {f"[{_base_host}]" if ":" in _base_host else _base_host, "127.0.0.1", "localhost", "[::1]"}
)

# What the catalog calls itself: in titles, feeds and files for machines.
CATALOG_NAME = env.str("CATALOG_NAME", "") or "Agent Catalog"
# What coding tools call this marketplace (`install code-reviewer@agent-catalog`). It stands in every commit of the git
# repository: another one is another repository, so it is chosen once.
CATALOG_MARKETPLACE = env.str("CATALOG_MARKETPLACE", "") or "agent-catalog"
# Whom to tell of a hole: mailto: or https:, printed in /.well-known/security.txt, which is not there without one.
CATALOG_SECURITY_CONTACT = env.str("CATALOG_SECURITY_CONTACT", "")

# On, the catalog is read only with a log-in or a token (`config.middleware.gate`); nothing but its health is public.
CATALOG_PRIVATE = env.bool("CATALOG_PRIVATE", False)

# The first account, made by `quickstart`; without a password here it makes and prints a random one.
CATALOG_ADMIN_PASSWORD = env.str("CATALOG_ADMIN_PASSWORD", "")

# --- What the application is made of -----------------------------------------------------------

INSTALLED_APPS = [
    "catalog",
    "config.apps.CatalogAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "csp",
    "ninja",  # its API docs page ships its own assets
]

MIDDLEWARE = [
    "config.middleware.short_way",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "config.middleware.two_sides",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "config.middleware.gate",  # the last before the views: it knows who asks
]

ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    }
]

# --- Database ------------------------------------------------------------------------------------

if env.str("DATABASE_URL", ""):
    _database = env.dj_db_url("DATABASE_URL", conn_health_checks=True)
    if not str(_database.get("ENGINE", "")).endswith(("sqlite3", "postgresql")):
        raise EnvError(
            "DATABASE_URL is of a database that the catalog does not know: postgres://user:password@host/name"
        )
else:  # not through a URL: a folder's name may hold %, ? and #
    _database = {"ENGINE": "django.db.backends.sqlite3", "NAME": DATA_DIR / "catalog.sqlite3"}
DATABASES = {"default": _database}

if _database["ENGINE"].endswith("sqlite3"):
    _database["OPTIONS"] = {
        # IMMEDIATE takes the write lock when a transaction starts: with the default (DEFERRED) a
        # transaction that reads first fails with "database is locked" under concurrent writers.
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON;",
    }
    _database["CONN_MAX_AGE"] = None
else:
    _database.setdefault("OPTIONS", {})["pool"] = {"min_size": 1, "max_size": 16, "timeout": 10}
# granian's own variable: how many processes serve. Only read, for a check of SQLite's version.
GRANIAN_WORKERS = env.int("GRANIAN_WORKERS", 1)
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# --- Accounts and sessions -----------------------------------------------------------------------

AUTHENTICATION_BACKENDS = ["django.contrib.auth.backends.ModelBackend", "catalog.readers.ReadersRights"]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation." + name}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
LOGIN_URL = "admin:login"
LOGIN_REDIRECT_URL = "admin:index"

# --- Transport: all of it follows the scheme of CATALOG_BASE_URL, so that log-in works on plain http
# on loopback and is strict everywhere else ---------------------------------------------------------

# On when a proxy stands in front that sets X-Forwarded-Proto itself. Without one the header is whatever
# the caller wrote, so it is believed, and plain requests are redirected, only when this is on.
CATALOG_BEHIND_PROXY = env.bool("CATALOG_BEHIND_PROXY", False)
# How many proxies of our own a request passes, each of which appends to X-Forwarded-For: the caller's address is that
# many entries from its end. What stands before that is the caller's own claim, and believed by nobody.
CATALOG_PROXIES = env.int("CATALOG_PROXIES", 1 if CATALOG_BEHIND_PROXY else 0)
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if CATALOG_BEHIND_PROXY else None
SECURE_SSL_REDIRECT = HTTPS and CATALOG_BEHIND_PROXY
SECURE_REDIRECT_EXEMPT = [r"^(healthz|readyz)$"]  # asked by machines beside the server, in plain http
# Browsers are told to ask for this host by https alone, for a year. Hosts below it, and the browsers' own lists, are
# for those to bind who run them all: `check --deploy` would have every site do so.
SECURE_HSTS_SECONDS = 31_536_000 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = HTTPS and env.bool("CATALOG_HSTS_SUBDOMAINS", False)

SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
# Cookies ignore ports: the port in the name keeps two catalogs on one machine from logging each other out.
_port = "".join(filter(str.isalnum, _base.netloc.rpartition(":")[2]))
_cookie = "__Host-catalog" if HTTPS else f"catalog-{_port}"
SESSION_COOKIE_NAME, CSRF_COOKIE_NAME = f"{_cookie}-session", f"{_cookie}-csrf"
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
CSRF_FAILURE_VIEW = "catalog.admin.refused.form_refused"
CSRF_TRUSTED_ORIGINS = [f"{_base.scheme}://{_base.netloc}"]
# Browsers ignore this header on plain http away from loopback, and say so in the console of every page.
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin" if HTTPS or LOOPBACK else None
# A catalog that only its own machine reaches needs no TLS: `check --deploy` does not ask for it there.
SILENCED_SYSTEM_CHECKS = (
    ["security.W004", "security.W008", "security.W012", "security.W016"] if LOOPBACK and not HTTPS else []
)
if not SECURE_HSTS_INCLUDE_SUBDOMAINS:
    SILENCED_SYSTEM_CHECKS += ["security.W005", "security.W021"]
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
        "object-src": [NONE],
    }
}

# --- Git ------------------------------------------------------------------------------------------

# The repository that tools install from; made from the database, and made anew where it is not there.
CATALOG_REPOSITORY_DIR = DATA_DIR / "repository"

# --- Language, time, static files ----------------------------------------------------------------

# The language of the public pages: a setting, never a reader's cookie, so that caches can hold pages.
CATALOG_LANGUAGE = env.str("CATALOG_LANGUAGE", "") or "en"
LANGUAGES = [("en", "English"), ("de", "Deutsch")]  # those the public pages are translated into
# One that is not among them is told of by a check; Django would not even start.
LANGUAGE_CODE = CATALOG_LANGUAGE if CATALOG_LANGUAGE.partition("-")[0] in dict(LANGUAGES) else "en"
LOCALE_PATHS = [BASE_DIR / "catalog" / "locale"]
TIME_ZONE = "UTC"
USE_I18N = True
USE_TZ = True

STATIC_URL = "static/"
STATIC_ROOT = DATA_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}

# --- Limits ---------------------------------------------------------------------------------------

# Sizes in bytes. The limits of one file (256 KiB, frontmatter 64 KiB, nesting 16) belong to the
# format and stand in catalog/definition/limits.py.
CATALOG_ARCHIVE_MAX_BYTES = env.int("CATALOG_ARCHIVE_MAX_BYTES", 50_000_000)
CATALOG_ARCHIVE_MAX_ENTRIES = env.int("CATALOG_ARCHIVE_MAX_ENTRIES", 10_000)
CATALOG_ARCHIVE_MAX_UNPACKED = env.int("CATALOG_ARCHIVE_MAX_UNPACKED", 200_000_000)
CATALOG_ARCHIVE_MAX_RATIO = env.int("CATALOG_ARCHIVE_MAX_RATIO", 100)
DATA_UPLOAD_MAX_MEMORY_SIZE = 2_500_000
DATA_UPLOAD_MAX_NUMBER_FIELDS = 1_000
DATA_UPLOAD_MAX_NUMBER_FILES = 1_000  # of one import; more come as a .zip

# Requests a minute of one address (of IPv6: of one /64), and of one token; 0 is without limit.
CATALOG_RATES = {
    "reads": (env.int("CATALOG_READS_PER_MINUTE", 3_000), env.int("CATALOG_TOKEN_READS_PER_MINUTE", 12_000)),
    # what takes the server longer: searches, bundles, checks, questions about many pins
    "costly": (env.int("CATALOG_COSTLY_PER_MINUTE", 300), env.int("CATALOG_TOKEN_COSTLY_PER_MINUTE", 1_200)),
    "writes": (0, env.int("CATALOG_WRITES_PER_MINUTE", 300)),  # nobody writes without a token
}

# How many log-ins may fail in five minutes, of one address and for one account; 0 is without limit.
CATALOG_LOG_IN_FAILURES = env.int("CATALOG_LOG_IN_FAILURES", 10)

# --- Caches and logs ------------------------------------------------------------------------------

# What several processes must know together: Redis or Valkey. Without one each process knows for itself.
REDIS_URL = env.str("REDIS_URL", "")


def _shared(name: str, most: int) -> dict[str, Any]:
    """A cache that all processes share where they can; in memory it has at most so many entries."""
    if REDIS_URL:
        return {
            "BACKEND": "django.core.cache.backends.redis.RedisCache",
            "LOCATION": REDIS_URL,
            "KEY_PREFIX": f"catalog-{name}",
            "OPTIONS": {"socket_timeout": 0.25, "socket_connect_timeout": 0.25},
        }
    return {
        "BACKEND": "django.core.cache.backends.locmem.LocMemCache",
        "LOCATION": name,
        "OPTIONS": {"MAX_ENTRIES": most},
    }


CACHES = {
    # Rendered prompts: what follows from a text, the same in every process.
    "default": {
        "BACKEND": "django.core.cache.backends.locmem.LocMemCache",
        "OPTIONS": {"MAX_ENTRIES": 2_000},
    },
    # Apart, so that a busy day does not push the one or the other out.
    "downloads": _shared("downloads", 50_000),  # who was counted for what within the hour
    "throttle": _shared("throttle", 100_000),  # how often who asked in this minute
}

_log_level = env.str("LOG_LEVEL", "INFO").upper()
if _log_level not in ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"):
    raise EnvError(f"LOG_LEVEL is {_log_level!r}: say DEBUG, INFO, WARNING, ERROR or CRITICAL")
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "{asctime} {levelname} {name}: {message}", "style": "{"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["stderr"], "level": _log_level},
}
