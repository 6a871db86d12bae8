"""Forms of the ticket page's side: hand over, topic, duplicates, and tickets for members."""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings
from django.db.models.functions import Lower
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import Rank, User

from ..forms import AssignForm, LineField, ProseField, TicketForm
from ..models import Ticket, Topic
from ..models.queries import NUMBER


class HandOverForm(AssignForm):
    """To whom, and what that colleague should know."""

    note = ProseField(
        label=gettext_lazy("Internal note"), max_length=settings.TEXT_MAX_LENGTH, required=False
    )


class TopicForm(forms.Form):
    topic = forms.ModelChoiceField(
        label=gettext_lazy("Topic"),
        queryset=Topic.objects.all(),
        required=False,
        empty_label=gettext_lazy("No topic"),
    )


class OnBehalfForm(TicketForm):
    """A ticket that an agent files for a member, who is fixed if it follows up another ticket."""

    member = LineField(
        label=gettext_lazy("Member’s user name, member ID or email address"),
        max_length=254,
        error_messages={"required": gettext_lazy("Enter a member.")},
    )
    assign_to_me = forms.BooleanField(label=gettext_lazy("Assign to me"), required=False)
    field_order = ["member", "language", "title", "description", "screenshots", "assign_to_me"]

    def __init__(self, *args: Any, follow_up_of: Ticket | None = None, **kwargs: Any) -> None:
        self.follow_up_of = follow_up_of
        super().__init__(*args, **kwargs)
        del self.fields["context"], self.fields["viewport"]
        if follow_up_of:
            self.fields["member"].required = False

    def clean_member(self) -> User:
        if self.follow_up_of:
            return _admitted(self.follow_up_of.member, self.owner)
        return _admitted(person_named(self.cleaned_data["member"]), self.owner)


def ticket_numbered(text: str, agent: User) -> Ticket | None:
    """The ticket of *TI-1042*, *#1042* or *1042*, as far as ``agent`` may see it."""
    number = NUMBER.match(text)
    rows = Ticket.objects.visible_to(agent).select_related("member")
    return rows.filter(pk=int(number[1])).first() if number else None


def person_named(text: str) -> User | None:
    """Whoever bears exactly this user name or member ID, or alone has this address."""
    by_name = User.objects.annotate(key=Lower("username")).filter(key=text.lower())
    by_id = User.objects.filter(member_id=text)
    by_address = User.objects.annotate(key=Lower("email")).filter(key=text.lower())
    for rows in (by_name, by_id, by_address):
        if len(found := rows[:2]) == 1:
            return found[0]
    return None


def _admitted(person: User | None, agent: User) -> User:
    """``person``, if that is a member whom the portal lets file tickets."""
    if person is None:
        raise forms.ValidationError(_("Nobody has this user name, member ID or email address."))
    if person.pk == agent.pk:
        raise forms.ValidationError(_("You cannot file a ticket for yourself here."))
    if not person.is_active:
        raise forms.ValidationError(
            _("The account of %(name)s is not active.") % {"name": person.display_name}
        )
    if person.rank < Rank.minimum():
        words = _("%(name)s cannot have tickets: this takes rank %(rank)s or higher.")
        rank = Rank.minimum().label
        raise forms.ValidationError(words % {"name": person.display_name, "rank": rank})
    return person
