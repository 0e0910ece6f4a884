"""Who asks: the address a request came from, behind the proxies that are configured. Imports nothing of the catalog."""

from __future__ import annotations

from functools import lru_cache
from ipaddress import IPv6Address, ip_address

from django.conf import settings
from django.http import HttpRequest


def address_of(request: HttpRequest) -> str:
    """The address of the caller: what the outermost of the catalog's own proxies saw.

    Each proxy appends to X-Forwarded-For the address it was asked from, so that with two of them the caller is the
    last but one; what stands before that is the caller's own claim. Without a proxy, or where the header is shorter
    than it can be, it is who opened the connection.
    """
    proxies = settings.CATALOG_PROXIES
    if proxies and (forwarded := request.META.get("HTTP_X_FORWARDED_FOR")):
        parts = str(forwarded).rsplit(",", proxies)
        if len(parts) >= proxies and (address := _plain(parts[-proxies].strip())):
            return address
    opened = str(request.META.get("REMOTE_ADDR", ""))
    return _plain(opened) or opened[:64]


def network_of(address: str) -> str:
    """What limits are counted by: an IPv4 address, or the /64 of an IPv6 one, which a single caller commands."""
    if ":" not in address:
        return address
    return _network(address)


@lru_cache(maxsize=4_096)
def _plain(text: str) -> str:
    """An address in its usual spelling; "" for what is none. Some proxies add a port."""
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ip_address(text[:64])
    except ValueError:
        return ""
    if isinstance(address, IPv6Address):
        return str(address.ipv4_mapped or address.__class__(int(address)))  # without a zone
    return str(address)


@lru_cache(maxsize=4_096)
def _network(address: str) -> str:
    try:
        found = ip_address(address)
    except ValueError:
        return address
    if isinstance(found, IPv6Address):
        return f"{IPv6Address(int(found) >> 64 << 64)}/64"
    return address
