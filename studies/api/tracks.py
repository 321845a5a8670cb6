"""The viewer's JSON: open a track, patch it, browse and restore its history, sign and re-open it.

Every write names the revision it was made from (`If-Match`); a patch carries an `Idempotency-Key` too.
Answers: 200 with the track's state, 400 with the field named, 403, 404, 409 with the current state, 423 when
signed, 428 without `If-Match`.
"""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _
from rest_framework import status
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from studies.api.track_state import clip_tracks, track_state
from studies.errors import ConflictError, LockedError, NotPermittedError, RuleViolationError, StudiesError
from studies.models import Clip, Revision, Track
from studies.rules.tracks import TrackError
from studies.selectors import clip_get, newest_detection, track_get
from studies.services import annotation
from studies.services.adjudication import adjudication_open
from studies.services.denials import permission_denied
from studies.services.presence import Present, presence_claim, presence_of, presence_release

MAX_KEY_LENGTH = 64
STATUS_OF: dict[type[StudiesError], int] = {
    ConflictError: status.HTTP_409_CONFLICT,
    LockedError: status.HTTP_423_LOCKED,
    RuleViolationError: status.HTTP_400_BAD_REQUEST,
    TrackError: status.HTTP_400_BAD_REQUEST,
}


class TrackView(APIView):
    """What the views of one track share: reading the headers and wording the errors."""

    def track(self, track_id: UUID) -> Track:
        """The track, for a viewer who may see it."""
        track = track_get(track_id, viewer=self.request.user)
        if not any(row["id"] == str(track.pk) for row in clip_tracks(track.clip, viewer=self.request.user)):
            raise permission_denied(actor=self.request.user, target=track, study=track.clip.study)
        return track

    def write(self, target: Track | Clip, act: Callable[[], Track | Revision]) -> Response:
        """Run a service; answer with the state after it, or with what was wrong."""
        try:
            done = act()
        except NotPermittedError as error:
            raise permission_denied(actor=self.request.user, target=target, study=_study(target)) from error
        except tuple(STATUS_OF) as error:
            return self.refusal(error, target)
        return Response(self.state(done))

    def refusal(self, error: StudiesError, target: Track | Clip) -> Response:
        """The error as JSON; with the track's current state where the writer was behind."""
        body: dict[str, Any] = {"detail": str(error), "code": type(error).__name__}
        if isinstance(error, TrackError):
            body["field"] = error.field
        if isinstance(error, ConflictError | LockedError) and isinstance(target, Track):
            current = track_get(target.pk, viewer=self.request.user)
            body["current"] = track_state(current, viewer=self.request.user)
        return Response(body, status=STATUS_OF[type(error)])

    def state(self, done: Track | Revision) -> dict[str, Any]:
        """The state of the track: after an idempotent repeat, that of the revision made the first time."""
        if isinstance(done, Track):
            return track_state(track_get(done.pk, viewer=self.request.user), viewer=self.request.user)
        state = track_state(track_get(done.track_id, viewer=self.request.user), viewer=self.request.user)
        if done.number != state["revision"]:
            state |= {
                "revision": done.number,
                "keyframes": done.keyframes,
                "excluded": done.excluded_frames,
                "no_lesion": done.no_lesion,
            }
        return state

    def base_revision(self) -> int:
        """The revision that the writer saw, from `If-Match`.

        Raises:
            ValidationError: the header is absent (428) or no revision number (400).
        """
        header = self.request.headers.get("If-Match")
        if header is None:
            error = ValidationError(
                {"detail": _("Send If-Match with the revision you saw."), "field": "If-Match"}
            )
            error.status_code = status.HTTP_428_PRECONDITION_REQUIRED
            raise error
        text = header.strip().removeprefix("W/").strip('"')
        if not (text.isascii() and text.isdigit()):
            raise ValidationError({"detail": _("If-Match must be a revision number."), "field": "If-Match"})
        return int(text)

    def idempotency_key(self) -> str:
        """The key of this patch.

        Raises:
            ValidationError: absent or too long.
        """
        key = self.request.headers.get("Idempotency-Key", "")
        if not 0 < len(key) <= MAX_KEY_LENGTH:
            text = _("Send an Idempotency-Key of 1 to 64 characters.")
            raise ValidationError({"detail": text, "field": "Idempotency-Key"})
        return key

    def body(self, *names: str) -> dict[str, Any]:
        """The JSON object of the request; nothing but *names* may be in it.

        Raises:
            ValidationError: not an object, or a name that is not known.
        """
        if not isinstance(self.request.data, dict):
            raise ValidationError({"detail": _("Send a JSON object."), "field": ""})
        for name in self.request.data:
            if name not in names:
                raise ValidationError({"detail": _("This field is not known."), "field": str(name)})
        return dict(self.request.data)


def _study(target: Track | Clip) -> Any:
    return target.study if isinstance(target, Clip) else target.clip.study


class ClipTracks(TrackView):
    """GET: every track of the clip that you may see. POST: open or draw a track of your own."""

    def get(self, request: Request, clip_id: UUID) -> Response:
        """List."""
        return Response({"tracks": clip_tracks(clip_get(clip_id, viewer=request.user), viewer=request.user)})

    def post(self, request: Request, clip_id: UUID) -> Response:
        """Open (a copy of the model's track), draw (`keyframes`), or adjudicate; `id` makes it repeatable."""
        clip = clip_get(clip_id, viewer=request.user)
        body = self.body("id", "keyframes", "adjudicate")
        track_id = _uuid(body.get("id"), "id")
        if "adjudicate" in body:
            start = track_get(_uuid(body["adjudicate"], "adjudicate"), viewer=request.user)
            return self.write(
                clip,
                lambda: adjudication_open(actor=request.user, clip=clip, start_from=start, track_id=track_id),
            )
        if "keyframes" not in body:
            return self.write(
                clip,
                lambda: annotation.track_open_for_reader(actor=request.user, clip=clip, track_id=track_id),
            )
        keyframes = body["keyframes"]
        if not isinstance(keyframes, list):
            raise ValidationError({"detail": _("keyframes must be a list."), "field": "keyframes"})
        return self.write(
            clip,
            lambda: annotation.track_create(
                actor=request.user, clip=clip, keyframes=keyframes, track_id=track_id
            ),
        )


def _uuid(value: Any, field: str) -> UUID | None:
    if value is None:
        return None
    try:
        return UUID(str(value))
    except ValueError as error:
        raise ValidationError({"detail": _("This must be a UUID."), "field": field}) from error


class TrackDetail(TrackView):
    """GET: the track at its newest revision. PATCH: change it."""

    def get(self, request: Request, track_id: UUID) -> Response:
        """Show."""
        return Response(track_state(self.track(track_id), viewer=request.user))

    def patch(self, request: Request, track_id: UUID) -> Response:
        """Apply `{"patch": …, "command": …, "active_seconds": …}`."""
        track = self.track(track_id)
        body = self.body("patch", "command", "active_seconds")
        if "patch" not in body:
            raise ValidationError({"detail": _("patch is missing."), "field": "patch"})
        base, key = self.base_revision(), self.idempotency_key()
        return self.write(
            track,
            lambda: annotation.track_patch(
                actor=request.user,
                track=track,
                base_revision=base,
                patch=body["patch"],
                idempotency_key=key,
                active_seconds=body.get("active_seconds", 0.0),
                command=str(body.get("command", "edit"))[:100],
            ),
        )


class TrackRevisions(TrackView):
    """GET: who changed what, when and in how much time, newest first; `?number=` gives one with keyframes."""

    def get(self, request: Request, track_id: UUID) -> Response:
        """List, or one."""
        revisions = self.track(track_id).revisions.select_related("author").order_by("-number")
        number = request.query_params.get("number")
        if number is not None:
            found = revisions.filter(number=number).first() if number.isdigit() else None
            if found is None:
                raise ValidationError({"detail": _("There is no such revision."), "field": "number"})
            return Response({**_revision(found), "keyframes": found.keyframes})
        before = request.query_params.get("before", "")
        if before.isdigit():
            revisions = revisions.filter(number__lt=int(before))
        return Response({"revisions": [_revision(revision) for revision in revisions[:100]]})


def _revision(revision: Revision) -> dict[str, Any]:
    return {
        "number": revision.number,
        "author": revision.author.get_username() if revision.author else None,
        "at": revision.created_at.isoformat(),
        "command": revision.command,
        "reason": revision.reason,
        "active_seconds": revision.active_seconds,
        "n_keyframes": len(revision.keyframes),
        "no_lesion": revision.no_lesion,
    }


class TrackRevert(TrackView):
    """POST `{"to_number": n}`: restore revision n as a new one."""

    def post(self, request: Request, track_id: UUID) -> Response:
        """Restore."""
        track, base = self.track(track_id), self.base_revision()
        number = self.body("to_number").get("to_number")
        if isinstance(number, bool) or not isinstance(number, int):
            raise ValidationError({"detail": _("to_number must be a revision number."), "field": "to_number"})
        return self.write(
            track,
            lambda: annotation.track_revert(
                actor=request.user, track=track, base_revision=base, to_number=number
            ),
        )


class TrackSign(TrackView):
    """GET: the checklist. POST: sign."""

    def get(self, request: Request, track_id: UUID) -> Response:
        """Show what still has to be done."""
        items = annotation.track_checklist(self.track(track_id))
        return Response(
            {
                "items": [
                    {
                        "code": item.code,
                        "ok": item.ok,
                        "text": _(item.sentence.template) % item.sentence.values,
                        "frames": item.frames,
                    }
                    for item in items
                ]
            }
        )

    def post(self, request: Request, track_id: UUID) -> Response:
        """Close the track."""
        track, base = self.track(track_id), self.base_revision()
        seconds = self.body("active_seconds").get("active_seconds", 0.0)
        return self.write(
            track,
            lambda: annotation.track_sign(
                actor=request.user, track=track, base_revision=base, active_seconds=seconds
            ),
        )


class TrackReopen(TrackView):
    """POST `{"reason": …}`: open a signed track again."""

    def post(self, request: Request, track_id: UUID) -> Response:
        """Open again."""
        track = self.track(track_id)
        body = self.body("reason", "active_seconds")
        reason, seconds = str(body.get("reason", "")), body.get("active_seconds", 0.0)
        return self.write(
            track,
            lambda: annotation.track_reopen(
                actor=request.user, track=track, reason=reason, active_seconds=seconds
            ),
        )


class ClipDetections(TrackView):
    """GET: the raw boxes of the newest detector, as they came."""

    def get(self, request: Request, clip_id: UUID) -> Response:
        """Show."""
        newest = newest_detection(clip_get(clip_id, viewer=request.user))
        if newest is None:
            return Response({"detector": None, "frames": [], "status": []})
        return Response(
            {"detector": newest.detector_name, "frames": newest.frames, "status": newest.status_by_frame}
        )


class ClipPresence(TrackView):
    """GET: who has the clip open. POST: claim it for a window of yours (`take_over` from who holds it).

    DELETE: let it go.
    """

    def get(self, request: Request, clip_id: UUID) -> Response:
        """Look."""
        clip = clip_get(clip_id, viewer=request.user)
        return Response({"others": _people(presence_of(clip, besides=request.user))})

    def post(self, request: Request, clip_id: UUID) -> Response:
        """Claim, or keep."""
        clip = clip_get(clip_id, viewer=request.user)
        body = self.body("tab", "take_over")
        claim = presence_claim(
            actor=request.user, clip=clip, tab=_tab(body.get("tab")), take_over=body.get("take_over") is True
        )
        facts = {"mine": claim.mine, "since": claim.since, "who": claim.who}
        return Response({**facts, "others": _people(claim.others)})

    def delete(self, request: Request, clip_id: UUID) -> Response:
        """Let go."""
        clip = clip_get(clip_id, viewer=request.user)
        presence_release(actor=request.user, clip=clip, tab=_tab(request.query_params.get("tab")))
        return Response(status=status.HTTP_204_NO_CONTENT)


def _tab(value: Any) -> str:
    if not isinstance(value, str) or not 0 < len(value) <= MAX_KEY_LENGTH:
        raise ValidationError({"detail": _("tab must name the window, 1 to 64 characters."), "field": "tab"})
    return value


def _people(present: tuple[Present, ...]) -> list[dict[str, str]]:
    return [{"name": person.name, "since": person.since} for person in present]
