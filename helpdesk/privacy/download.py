"""The archive of a member as the answer to a request."""

from __future__ import annotations

import tempfile
from contextlib import ExitStack

from django.http import FileResponse, HttpRequest
from django.utils import timezone

from accounts import audit
from accounts.models import AuditEntry, User

from .archive import write_archive
from .walk import about


def archive_response(request: HttpRequest, member: User) -> FileResponse:
    """Write the archive of ``member`` into a file without a name, and hand it over.

    It is whole before its first byte leaves: an error is an answer, never half an archive.
    """
    now = timezone.now()
    with ExitStack() as opened:
        target = opened.enter_context(tempfile.TemporaryFile(prefix="archive-"))
        write_archive(member, target, now, lambda line: None)
        opened.pop_all()  # the response closes it
    target.seek(0)
    audit.record(request, AuditEntry.Action.EXPORT_MEMBER, about(member))
    name = f"member-{member.pk}-{now:%Y-%m-%d}.zip"
    return FileResponse(target, as_attachment=True, filename=name, content_type="application/zip")
