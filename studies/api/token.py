"""`POST /api/v1/token/`: a token for user name and password. Too many failures lock, as on the login page."""

from django.contrib.auth import authenticate, user_logged_in
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.authtoken.models import Token
from rest_framework.exceptions import AuthenticationFailed, Throttled
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.throttling import SimpleRateThrottle
from rest_framework.views import APIView


class Credentials(serializers.Serializer):
    """Who asks."""

    username = serializers.CharField(max_length=150)
    password = serializers.CharField(max_length=128, trim_whitespace=False)


class TokenAnswer(serializers.Serializer):
    """Send it as `Authorization: Token <token>`."""

    token = serializers.CharField()


class TokenThrottle(SimpleRateThrottle):
    """Ten attempts a minute from one address, whatever it claims in a forwarding header."""

    scope = "token"
    rate = "10/min"

    def get_cache_key(self, request: Request, view: APIView) -> str:
        """The caller's address as the server saw it."""
        return self.cache_format % {"scope": self.scope, "ident": request.META.get("REMOTE_ADDR", "")}


class ObtainToken(APIView):
    """A token in exchange for user name and password."""

    authentication_classes = ()
    permission_classes = ()
    throttle_classes = (TokenThrottle,)

    @extend_schema(request=Credentials, responses=TokenAnswer, auth=[])
    def post(self, request: Request) -> Response:
        """Give the token of the user, a new one where there is none."""
        form = Credentials(data=request.data)
        form.is_valid(raise_exception=True)
        asked = request._request
        user = authenticate(request=asked, **form.validated_data)
        if getattr(asked, "axes_locked_out", False):
            del asked.axes_locked_out  # else the page for people would replace this answer
            raise Throttled(detail=_("Too many wrong passwords; wait a quarter of an hour."))
        if user is None:
            raise AuthenticationFailed(_("User name or password is wrong."))
        user_logged_in.send(sender=user.__class__, request=asked, user=user)
        token, _created = Token.objects.get_or_create(user=user)
        return Response({"token": token.key})
