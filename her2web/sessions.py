"""A session ended, a page is older than the login: people come back to their form as they typed it."""

from collections.abc import Callable
from urllib.parse import urlencode, urlsplit

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render, resolve_url
from django.utils.http import url_has_allowed_host_and_scheme

HTMX_LOGGED_OUT = 401


class SessionEndMiddleware:
    """Send people back to the page with the form, not to the address that only takes what a form sends.

    A part of a page that was asked for by htmx gets a status instead of a login page inside the page.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]):
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Serve; change only a redirect to the login page, and an empty answer to a wrong method."""
        response = self.get_response(request)
        if _leads_to_login(response):
            if request.headers.get("HX-Request"):
                return HttpResponse(status=HTMX_LOGGED_OUT)
            if request.method == "POST":
                query = urlencode({"next": page_before(request)})
                response["Location"] = f"{resolve_url(settings.LOGIN_URL)}?{query}"
        elif response.status_code == 405 and request.method == "GET" and not response.content:
            return render(request, "405.html", {"back": page_before(request)}, status=405)
        return response


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """A form whose page is older than the login: say so, and lead back to it."""
    return render(request, "403_csrf.html", {"back": page_before(request)}, status=403)


def page_before(request: HttpRequest) -> str:
    """Path and query of the page that sent this request, where it is one of ours; else the home page."""
    before = request.headers.get("Referer", "")
    if not url_has_allowed_host_and_scheme(before, {request.get_host()}, require_https=request.is_secure()):
        return resolve_url(settings.LOGIN_REDIRECT_URL)
    parts = urlsplit(before)
    return parts.path + (f"?{parts.query}" if parts.query else "")


def _leads_to_login(response: HttpResponse) -> bool:
    if response.status_code != 302:
        return False
    return urlsplit(response["Location"]).path == resolve_url(settings.LOGIN_URL)
