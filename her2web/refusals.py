"""The last net: what the rules refuse and no form had caught becomes a page that says why."""

from collections.abc import Callable

from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from her2web.sessions import page_before
from studies.errors import StudiesError


class RefusalMiddleware:
    """Answer a refusal that came up through a page with its sentences; the API answers its own."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]):
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Serve."""
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """Turn a refused entry into a page; anything else stays a server error and is logged as one."""
        if request.method != "POST" or not isinstance(exception, ValidationError | StudiesError):
            return None
        said = exception.messages if isinstance(exception, ValidationError) else [str(exception)]
        return render(request, "refused.html", {"said": said, "back": page_before(request)}, status=400)
