"""A person's own password, which is also the signature of readings."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.forms import PasswordChangeForm
from django.contrib.auth.views import PasswordChangeView
from django.db import transaction
from django.forms import ValidationError
from django.http import HttpResponse
from django.urls import reverse_lazy
from django.utils.translation import gettext as _

from studies.form_fields import StyledMixin
from studies.guards import signs_again
from studies.services.audit import audit_record


class PasswordForm(StyledMixin, PasswordChangeForm):
    """The old password and twice the new one; wrong old ones count as failed logins do."""

    def __init__(self, *args: Any, request, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.request = request
        self.fields["old_password"].label = _("Password until now")
        self.fields["new_password1"].label = _("New password")
        self.fields["new_password2"].label = _("New password again")
        self.fields["new_password2"].help_text = ""

    def clean_old_password(self) -> str:
        """Refuse a wrong one."""
        password = self.cleaned_data["old_password"]
        if not signs_again(self.request, password):
            raise ValidationError(_("This is not the password until now. Passwords distinguish capitals."))
        return password


class PasswordView(PasswordChangeView):
    """Change one's own password; the session goes on, others of the same person end."""

    http_method_names = ["get", "head", "post", "options"]
    form_class = PasswordForm
    template_name = "registration/password.html"
    success_url = reverse_lazy("home")

    def get_form_kwargs(self) -> dict[str, Any]:
        """The form counts wrong passwords by address, so it needs the request."""
        return {**super().get_form_kwargs(), "request": self.request}

    @transaction.atomic
    def form_valid(self, form: PasswordForm) -> HttpResponse:
        """Store, write down that it was done, say so."""
        answer = super().form_valid(form)
        audit_record(actor=self.request.user, action="password.change", target=self.request.user)
        messages.success(self.request, _("The password was changed. It signs your readings from now on."))
        return answer
