"""Transcripts in the admin: what was said stays as it was said, and can be found again."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from django.conf import settings
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.answers import see_other
from accounts.lookups import ChoicesFilter, FiltersOnly, ReadOnly

from .desk import transcript_page
from .models import Conversation, Message, Note


class StateFilter(ChoicesFilter):
    title = pgettext_lazy("label", "Status")
    parameter_name, kinds = "status", Conversation.Status


class RatingFilter(ChoicesFilter):
    title = _("Did this help?")
    parameter_name, kinds = "rating", Conversation.Rating


@admin.register(Conversation)
class ConversationAdmin(FiltersOnly, ReadOnly, admin.ModelAdmin):
    """Conversations are read here, never written: the console has the verbs."""

    list_display = ["question", "who", "handled_by", "state", "helped", "began"]
    list_filter = [StateFilter, RatingFilter]
    list_select_related = ["member", "agent"]
    list_per_page = settings.PAGE_SIZE
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER
    search_fields = ["name"]  # shows the box; get_search_results does the search
    search_help_text = _("Member’s name, user name or ID, text or internal note")
    ordering = ["-pk"]
    actions = None

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        visible = Conversation.objects.visible_to(request.user)
        asked = Message.objects.filter(conversation=OuterRef("pk"), seq=1).values("body")[:1]
        return visible.annotate(asked=asked)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet, search_term: str
    ) -> tuple[QuerySet, bool]:
        """Every word must be found, in the name or in one and the same text."""
        words = search_term.replace("\0", "").split()[:10]
        return (queryset.filter(_about(words) | _said(words)) if words else queryset), False

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """The transcript, by its number or by the name that tickets know it by."""
        if not self.has_view_permission(request) or request.method not in {"GET", "HEAD"}:
            raise PermissionDenied
        rows = Conversation.objects.visible_to(request.user).select_related("member", "agent")
        chat = rows.filter(_named(object_id)).first()
        if chat is None:
            raise Http404
        frame = {**self.admin_site.each_context(request), "opts": self.opts}
        template = "admin/chat/conversation/change_form.html"
        return TemplateResponse(request, template, {**frame, **transcript_page(request.user, chat)})

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """The history of a conversation is its transcript."""
        return see_other("admin:chat_conversation_change", object_id)

    @admin.display(description=_("Question"))
    def question(self, chat: Conversation) -> str:
        line = next(iter((chat.asked or "").strip().splitlines()), "")[: settings.TITLE_MAX_LENGTH]
        return format_html('<span lang="en">{}</span>', line or "–")

    @admin.display(description=pgettext_lazy("label", "Member"), ordering="member")
    def who(self, chat: Conversation) -> str:
        return chat.member.display_name

    @admin.display(description=pgettext_lazy("desk", "Handled by"))
    def handled_by(self, chat: Conversation) -> str:
        return chat.agent.display_name if chat.agent else "–"

    @admin.display(description=pgettext_lazy("label", "Status"), ordering="status")
    def state(self, chat: Conversation) -> str:
        return chat.get_status_display()

    @admin.display(description=_("Did this help?"), ordering="rating")
    def helped(self, chat: Conversation) -> str:
        return chat.get_rating_display() or "–"

    @admin.display(description=_("Started At"), ordering="created_at")
    def began(self, chat: Conversation) -> datetime:
        return chat.created_at


def _about(words: list[str]) -> Q:
    """Conversations of the person whose name or ID holds all of ``words``."""
    fields = ("name", "given_member_id", "member__username", "member__member_id")
    fields += ("member__first_name", "member__last_name")
    found = Q()
    for word in words:
        found &= Q(*[(f"{field}__icontains", word) for field in fields], _connector=Q.OR)
    return found


def _said(words: list[str]) -> Q:
    """Conversations with one message or note that holds all of ``words``."""
    texts = Q(*[("body__icontains", word) for word in words])
    here = {"conversation": OuterRef("pk")}
    messages, notes = Message.objects.filter(texts, **here), Note.objects.filter(texts, **here)
    return Q(Exists(messages)) | Q(Exists(notes))


def _named(object_id: str) -> Q:
    if object_id.isascii() and object_id.isdigit() and len(object_id) < 19:
        return Q(pk=int(object_id))
    try:
        return Q(uuid=uuid.UUID(object_id))
    except ValueError:
        return Q(pk=None)
