"""What every view of the API shares, named in the settings: errors as answers, pages."""

from typing import Any

from django.core.exceptions import ValidationError as ModelValidationError
from rest_framework import status
from rest_framework.exceptions import PermissionDenied, ValidationError
from rest_framework.pagination import PageNumberPagination
from rest_framework.response import Response
from rest_framework.views import exception_handler

from studies.errors import ConflictError, LockedError, NotPermittedError, StudiesError

STATUS_OF: tuple[tuple[type[StudiesError], int], ...] = (
    (ConflictError, status.HTTP_409_CONFLICT),
    (LockedError, status.HTTP_423_LOCKED),
    (StudiesError, status.HTTP_400_BAD_REQUEST),
)


class Pages(PageNumberPagination):
    """50 rows a page; `?page_size=` asks for up to 500."""

    page_size = 50
    page_size_query_param = "page_size"
    max_page_size = 500


def answer_error(error: Exception, context: dict[str, Any]) -> Response | None:
    """The answer to an error that a service raised on purpose: its sentence, its kind, the field it names."""
    if isinstance(error, NotPermittedError):
        error = PermissionDenied(str(error))
    elif isinstance(error, StudiesError):
        code = next(code for kind, code in STATUS_OF if isinstance(error, kind))
        body = {"detail": str(error), "code": type(error).__name__}
        if field := getattr(error, "field", ""):
            body["field"] = field
        return Response(body, status=code)
    elif isinstance(error, ModelValidationError):
        error = ValidationError(error.message_dict if hasattr(error, "error_dict") else error.messages)
    return exception_handler(error, context)
