"""Binding of the caller's address for the audit trail."""

from collections.abc import Callable
from ipaddress import ip_address

from django.http import HttpRequest, HttpResponse

from studies.services.audit import remote_address


class RemoteAddressMiddleware:
    """Make the caller's address known to the audit trail while a request is served."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]):
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Bind, serve, unbind."""
        token = remote_address.set(_address(request))
        try:
            return self.get_response(request)
        finally:
            remote_address.reset(token)


def _address(request: HttpRequest) -> str | None:
    try:
        return str(ip_address(request.META.get("REMOTE_ADDR", "")))
    except ValueError:
        return None
