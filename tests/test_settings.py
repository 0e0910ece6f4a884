"""What the environment makes of the settings, and what a badly configured catalog is told."""

import os
import re
import runpy
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.checks import run_checks
from django.db import connection
from django.test import Client, override_settings
from environs import EnvError

from catalog import system_checks

ROOT = Path(__file__).resolve().parents[1]
KEY = "k7mqp-" * 10
PRODUCTION = {
    "CATALOG_BASE_URL": "https://agents.example.com",
    "CATALOG_BEHIND_PROXY": "true",
    "SECRET_KEY": KEY,
}


def environment(data: Path, **configured: str) -> dict[str, str]:
    needed = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "LANG")}
    return needed | {"CATALOG_DATA_DIR": str(data)} | configured


@pytest.fixture
def settings_with(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """`settings_with(NAME="value")`: what config/settings.py makes of this environment alone."""

    def read(**configured: str) -> dict[str, Any]:
        for name in list(os.environ):
            monkeypatch.delenv(name)
        for name, value in environment(tmp_path, **configured).items():
            monkeypatch.setenv(name, value)
        return runpy.run_path(str(ROOT / "config" / "settings.py"))

    return read


def run(data: Path, *arguments: str, **configured: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, *arguments]
    return subprocess.run(
        command, cwd=ROOT, env=environment(data, **configured), capture_output=True, text=True, check=False
    )


# --- Closed by default --------------------------------------------------------------------------------


def test_without_configuration_the_catalog_answers_on_loopback_only(settings_with: Any) -> None:
    settings = settings_with()
    assert settings["ALLOWED_HOSTS"] == ["127.0.0.1", "[::1]", "localhost"]
    assert settings["DEBUG"] is False
    assert settings["SECRET_KEY"] == ""
    assert settings["CATALOG_BASE_URL"] == "http://127.0.0.1:8000"


def test_an_empty_variable_is_no_configuration(settings_with: Any) -> None:
    empty = dict.fromkeys(("CATALOG_BASE_URL", "DATABASE_URL", "SECRET_KEY", "CATALOG_DATA_DIR", "ALLOWED_HOSTS"), "")
    settings = settings_with(**empty)
    assert settings["CATALOG_BASE_URL"] == "http://127.0.0.1:8000"
    assert settings["DATA_DIR"] == ROOT / "var"
    assert settings["DATABASES"]["default"]["ENGINE"] == "django.db.backends.sqlite3"


def test_the_key_in_the_data_folder_is_read_and_the_environment_wins(settings_with: Any, tmp_path: Path) -> None:
    (tmp_path / "secret-key").write_text("from the file\n")
    assert settings_with()["SECRET_KEY"] == "from the file"
    assert settings_with(SECRET_KEY="from the environment")["SECRET_KEY"] == "from the environment"


def test_a_data_folder_may_have_any_name(settings_with: Any, tmp_path: Path) -> None:
    odd = tmp_path / "50%20 of it? #1"
    assert settings_with(CATALOG_DATA_DIR=str(odd))["DATABASES"]["default"]["NAME"] == odd / "catalog.sqlite3"


def test_a_postgresql_is_taken_from_its_url(settings_with: Any) -> None:
    settings = settings_with(DATABASE_URL="postgresql://ann:pass@db.example.com:5433/agents")
    database = settings["DATABASES"]["default"]
    assert (database["HOST"], database["PORT"], database["NAME"]) == ("db.example.com", 5433, "agents")
    assert database["OPTIONS"]["pool"]


@pytest.mark.parametrize(
    ("address", "host"),
    [
        ("https://agents.example.com", "agents.example.com"),
        ("http://192.168.0.7:8080", "192.168.0.7"),
        ("http://[fd00::7]:8080", "[fd00::7]"),
    ],
)
def test_the_host_of_the_base_url_is_answered(settings_with: Any, address: str, host: str) -> None:
    assert host in settings_with(CATALOG_BASE_URL=address)["ALLOWED_HOSTS"]


# --- Transport follows the scheme -------------------------------------------------------------------------


def test_cookies_are_secure_on_https_and_work_on_plain_http(settings_with: Any) -> None:
    https = settings_with(**PRODUCTION)
    assert https["SESSION_COOKIE_SECURE"] is True
    assert https["CSRF_COOKIE_SECURE"] is True
    assert https["SESSION_COOKIE_NAME"].startswith("__Host-")
    plain = settings_with()
    assert plain["SESSION_COOKIE_SECURE"] is False
    assert plain["CSRF_COOKIE_SECURE"] is False
    assert not plain["SESSION_COOKIE_NAME"].startswith("__")
    assert plain["SECURE_HSTS_SECONDS"] == 0


def test_hosts_below_this_one_are_bound_to_https_by_those_alone_who_say_so(settings_with: Any) -> None:
    https = settings_with(CATALOG_BASE_URL="https://agents.example.com")
    assert https["SECURE_HSTS_SECONDS"] > 0
    assert (https["SECURE_HSTS_INCLUDE_SUBDOMAINS"], https["SECURE_HSTS_PRELOAD"]) == (False, False)
    asked = settings_with(CATALOG_BASE_URL="https://agents.example.com", CATALOG_HSTS_SUBDOMAINS="true")
    assert (asked["SECURE_HSTS_INCLUDE_SUBDOMAINS"], asked["SECURE_HSTS_PRELOAD"]) == (True, True)
    assert settings_with(CATALOG_HSTS_SUBDOMAINS="true")["SECURE_HSTS_INCLUDE_SUBDOMAINS"] is False


@pytest.mark.parametrize(
    ("configured", "sentence"),
    [
        ({"LOG_LEVEL": "LOUD"}, "LOG_LEVEL is 'LOUD': say DEBUG, INFO"),
        (
            {"DATABASE_URL": "mysql://ann:pass@host/agents"},
            "DATABASE_URL is of a database that the catalog does not know",
        ),
    ],
    ids=str,
)
def test_a_value_that_cannot_be_is_a_sentence(settings_with: Any, configured: dict[str, str], sentence: str) -> None:
    with pytest.raises(EnvError, match=re.escape(sentence)):
        settings_with(**configured)
    assert settings_with(LOG_LEVEL="debug")["LOGGING"]["root"]["level"] == "DEBUG"


def test_two_catalogs_on_one_machine_do_not_share_a_session(settings_with: Any) -> None:
    first = settings_with(CATALOG_BASE_URL="http://127.0.0.1:8000")
    second = settings_with(CATALOG_BASE_URL="http://127.0.0.1:8001")
    assert first["SESSION_COOKIE_NAME"] != second["SESSION_COOKIE_NAME"]


def test_a_forwarded_scheme_is_believed_only_behind_a_proxy(settings_with: Any) -> None:
    alone = settings_with(CATALOG_BASE_URL="https://agents.example.com")
    assert alone["SECURE_PROXY_SSL_HEADER"] is None
    assert alone["SECURE_SSL_REDIRECT"] is False  # behind a proxy it does not know it would redirect for ever
    proxied = settings_with(**PRODUCTION)
    assert proxied["SECURE_PROXY_SSL_HEADER"] == ("HTTP_X_FORWARDED_PROTO", "https")
    assert proxied["SECURE_SSL_REDIRECT"] is True


@pytest.mark.parametrize("host", ["127.0.0.1:8000", "localhost:8000", "[::1]:8000"])
def test_logging_in_over_plain_http_works_under_every_name_of_loopback(admin: User, host: str) -> None:
    browser = Client(enforce_csrf_checks=True, headers={"host": host, "origin": f"http://{host}"})
    page = browser.get("/admin/login/")
    form = {
        "username": "ada",
        "password": "ada's password",
        "csrfmiddlewaretoken": page.context["csrf_token"],
    }
    answer = browser.post("/admin/login/?next=/admin/", form)
    assert answer.status_code == 302
    assert browser.get("/admin/").status_code == 200


def test_a_log_in_form_from_another_site_is_refused(admin: User) -> None:
    browser = Client(enforce_csrf_checks=True, headers={"host": "127.0.0.1", "origin": "http://evil.example"})
    token = browser.get("/admin/login/").context["csrf_token"]
    form = {"username": "ada", "password": "ada's password", "csrfmiddlewaretoken": token}
    assert browser.post("/admin/login/", form).status_code == 403


def test_a_host_that_is_not_configured_is_refused(db: None) -> None:
    assert Client(headers={"host": "evil.example"}).get("/healthz").status_code in (200, 400)
    assert Client(headers={"host": "evil.example"}).get("/admin/login/").status_code == 400


# --- Refusals ----------------------------------------------------------------------------------------------


def test_the_server_does_not_start_without_a_secret_key(tmp_path: Path) -> None:
    start = run(tmp_path, "-c", "import config.wsgi")
    assert start.returncode == 1
    assert start.stderr.strip() == system_checks.REFUSAL


def test_the_server_starts_with_a_secret_key(tmp_path: Path) -> None:
    (tmp_path / "static").mkdir()
    start = run(tmp_path, "-W", "error", "-c", "import config.wsgi", SECRET_KEY=KEY)
    assert (start.returncode, start.stderr) == (0, "")


def test_the_deployment_check_refuses_a_catalog_without_a_secret_key(tmp_path: Path) -> None:
    check = run(tmp_path, "manage.py", "check", "--deploy")
    assert check.returncode == 1
    assert f"(catalog.E002) {system_checks.REFUSAL}" in check.stderr


@pytest.mark.parametrize("configured", [PRODUCTION, {"SECRET_KEY": KEY}], ids=["production", "loopback"])
def test_the_deployment_check_has_nothing_to_say_of(tmp_path: Path, configured: dict[str, str]) -> None:
    check = run(tmp_path, "manage.py", "check", "--deploy", "--fail-level", "WARNING", **configured)
    assert (check.returncode, check.stderr) == (0, "")
    assert "no issues" in check.stdout


def test_plain_http_away_from_loopback_is_told_of(tmp_path: Path) -> None:
    check = run(
        tmp_path,
        *("manage.py", "check", "--deploy"),
        SECRET_KEY=KEY,
        CATALOG_BASE_URL="http://agents.example.com",
    )
    assert "SESSION_COOKIE_SECURE" in check.stderr


def ids_of_checks(**settings: Any) -> set[str]:
    with override_settings(**settings):
        return {message.id for message in run_checks(include_deployment_checks=True)}


@pytest.mark.parametrize(
    "address",
    [
        "agents.example.com",
        "ftp://agents.example.com",
        "https://agents.example.com/catalog",
        "http://agents:port",
        "",
    ],
)
def test_a_base_url_that_is_not_an_origin_is_an_error(address: str) -> None:
    assert "catalog.E003" in ids_of_checks(CATALOG_BASE_URL=address)


def test_https_without_a_known_proxy_is_a_warning() -> None:
    assert "catalog.W001" in ids_of_checks(HTTPS=True, CATALOG_BEHIND_PROXY=False)
    assert "catalog.W001" not in ids_of_checks(HTTPS=True, CATALOG_BEHIND_PROXY=True)


@pytest.mark.parametrize(
    ("workers", "sqlite", "is_warned"), [(2, (3, 51, 2), True), (2, (3, 51, 3), False), (1, (3, 40, 1), False)]
)
def test_several_writers_on_an_old_sqlite_are_a_warning(
    monkeypatch: pytest.MonkeyPatch, workers: int, sqlite: tuple[int, ...], is_warned: bool
) -> None:
    monkeypatch.setattr("sqlite3.sqlite_version_info", sqlite)
    assert ("catalog.W002" in ids_of_checks(GRANIAN_WORKERS=workers)) == (is_warned and connection.vendor == "sqlite")


# --- Limits ----------------------------------------------------------------------------------------------


def test_callers_are_found_behind_as_many_proxies_as_are_configured(settings_with: Any) -> None:
    assert settings_with()["CATALOG_PROXIES"] == 0
    assert settings_with(CATALOG_BEHIND_PROXY="true")["CATALOG_PROXIES"] == 1
    assert settings_with(CATALOG_BEHIND_PROXY="true", CATALOG_PROXIES="2")["CATALOG_PROXIES"] == 2


def test_limits_are_what_the_environment_says(settings_with: Any) -> None:
    assert settings_with()["CATALOG_RATES"] == {"reads": (3_000, 12_000), "costly": (300, 1_200), "writes": (0, 300)}
    configured = {"CATALOG_READS_PER_MINUTE": "5", "CATALOG_WRITES_PER_MINUTE": "0"}
    assert settings_with(**configured)["CATALOG_RATES"]["reads"] == (5, 12_000)
    assert settings_with(**configured)["CATALOG_RATES"]["writes"] == (0, 0)
    assert settings_with()["CATALOG_LOG_IN_FAILURES"] == 10


def test_what_processes_must_know_together_lies_in_the_cache_they_share(settings_with: Any) -> None:
    alone, shared = settings_with()["CACHES"], settings_with(REDIS_URL="redis://cache:6379/0")["CACHES"]
    for name in ("downloads", "throttle"):
        assert alone[name]["BACKEND"].endswith("LocMemCache")
        assert shared[name]["BACKEND"].endswith("RedisCache")
        assert shared[name]["LOCATION"] == "redis://cache:6379/0"
    assert shared["downloads"]["KEY_PREFIX"] != shared["throttle"]["KEY_PREFIX"]
    assert shared["default"]["BACKEND"].endswith("LocMemCache")


def test_processes_that_count_each_for_itself_are_told_of() -> None:
    assert "catalog.W003" in ids_of_checks(GRANIAN_WORKERS=2, REDIS_URL="")
    assert "catalog.W003" not in ids_of_checks(GRANIAN_WORKERS=1, REDIS_URL="")
    assert "catalog.W003" not in ids_of_checks(GRANIAN_WORKERS=2, REDIS_URL="redis://cache:6379/0")
